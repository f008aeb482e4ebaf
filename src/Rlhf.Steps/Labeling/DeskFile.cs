namespace Rlhf.Steps.Labeling;

/// <summary>Questions of a desk to a file, and a file's answers to the desk.</summary>
public static class DeskFile
{
    /// <summary>Writes the open questions, blind, to a new file; with a labeler only those that this one has not judged.</summary>
    /// <returns>How many they are; where there is none, no file is written.</returns>
    /// <exception cref="ArgumentException">The file is there already, or its name has another ending than .jsonl or .jsonl.gz.</exception>
    public static async Task<int> ExportAsync(ILabelingDesk desk, string file, string? labeler, CancellationToken cancellationToken)
    {
        var open = await desk.OpenAsync(labeler, cancellationToken);
        if (open.Count > 0) JudgementFile.Write(file, open.Select(q => q.ToText()));
        return open.Count;
    }

    /// <summary>Checks the whole file, then gives all of its answers to the desk.</summary>
    /// <exception cref="ArgumentException">There is no such file, or its name has another ending.</exception>
    /// <exception cref="InvalidDataException">A line is broken, or is not about a question of the desk; nothing was kept.</exception>
    public static async Task<DeskReceipt> AnswerAsync(ILabelingDesk desk, string file, CancellationToken cancellationToken)
    {
        var content = JudgementFile.ReadAnswers(file, cancellationToken);
        var questions = await desk.FindAsync([.. content.Lines.Select(l => l.Item).Distinct()], cancellationToken);
        var answers = content.Lines.Select(line => DeskAnswer.Of(questions.TryGetValue(line.Item, out var question)
            ? Turned(content.Name, line, question.Question)
            : throw JudgementFile.Wrong(content.Name, line.Line, $"'item' is '{line.Item}'; expected a question of this store (rlhf judgements export writes those that are open)."))).ToList();
        var receipt = await desk.TakeAsync(answers, cancellationToken);
        return receipt with { Repeated = receipt.Repeated + content.Repeated };
    }

    // A tool may have drawn the sides anew for each labeler; then the completions say so.
    static JudgementLine Turned(string name, JudgementLine line, Question question)
    {
        if (line.Prompt is not null && !line.Prompt.SequenceEqual(question.Prompt))
            throw JudgementFile.Wrong(name, line.Line, $"'prompt' of item '{line.Item}' is another one than was asked; expected it as it was exported, or none.");
        if (line.Axis != JudgementLine.DefaultAxis && line.Axis != question.Axis)
            throw JudgementFile.Wrong(name, line.Line, $"'axis' of item '{line.Item}' is '{line.Axis}'; expected '{question.Axis}', which was asked.");
        if (Fits(line, question.A, question.B)) return line;
        return Fits(line, question.B, question.A) ? line.Swapped()
            : throw JudgementFile.Wrong(name, line.Line, $"the completions of item '{line.Item}' are others than were asked; expected them as they were exported, or none.");
    }

    static bool Fits(JudgementLine line, string a, string b) => (line.CompletionA ?? a) == a && (line.CompletionB ?? b) == b;
}
