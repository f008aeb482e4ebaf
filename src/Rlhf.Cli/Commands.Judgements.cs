using System.CommandLine;
using Rlhf.Cli.Judgements;

namespace Rlhf.Cli;

/// <content><c>rlhf judgements …</c></content>
static partial class Commands
{
    static Command JudgementsOf() => new("judgements", "People's answers, and judgements that were made elsewhere.") { ExportQuestions(), Answer(), Gold(), Labelers(), ImportJudgements(), Report() };

    static Command ExportQuestions()
    {
        Argument<string> file = new("file") { Description = "A new file, .jsonl or .jsonl.gz: one question a line, with item, axis, prompt and two completions." };
        Option<string?> labeler = new("--labeler") { Description = "Only what this labeler has not judged." };
        Command command = new("export", "Write the questions that wait for people, blind: no line says who wrote a side.") { file, labeler };
        Act(command, (workspace, parsed, json, cancellation) => DeskCommand.ExportAsync(workspace, parsed.GetValue(file)!, parsed.GetValue(labeler), json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Answer()
    {
        Argument<string> file = new("file")
        {
            Description = "Answers, .jsonl or .jsonl.gz: lines of the export with labeler and choice (a_much, a, a_slight, tie, b_slight, b, b_much, both_bad), and perhaps safe_a, safe_b (safe, unsafe, unsure), seconds, at, guidelines.",
        };
        Command command = new("answer", "Take people's answers, all or none, and let go on what waited for them. The same file again changes nothing.") { file };
        Act(command, (workspace, parsed, json, cancellation) => DeskCommand.AnswerAsync(workspace, parsed.GetValue(file)!, json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Gold()
    {
        Argument<string> file = new("file") { Description = "Judgements, .jsonl or .jsonl.gz, one of each item: its choice is the known answer." };
        Command command = new(
            "gold", "Make a file's questions, and no others, the ones whose answer is known, on the axes that it names. Labelers get them among the others where goldShare of CollectJudgements says so.") { file };
        Act(command, (workspace, parsed, json, cancellation) => DeskCommand.GoldAsync(workspace, parsed.GetValue(file)!, json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Labelers()
    {
        Command command = new("labelers", "What people have done at the desk: answers, known answers that were right, the same answer again, who has qualified, agreement by axis and version of the guidelines.");
        Act(command, (workspace, parsed, json, cancellation) => DeskCommand.LabelersAsync(workspace, json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Report()
    {
        Argument<string[]> sources = new("file")
        {
            Description = "Judgements, .jsonl or .jsonl.gz: one object a line with item, prompt, completion_a, completion_b, labeler and choice. Or one or more artifacts of the store (judgements/…), taken together.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> gold = new("--gold") { Description = "Known answers, .jsonl or .jsonl.gz: judgements of the same items, one of each, whose choice is right." };
        Command command = new("report", "What judgements are worth: agreement, consensus, labelers, judges beside people. For a file no store is needed.") { sources, gold };
        command.Does((parsed, cancellation) => ReportCommand.RunAsync(parsed.GetValue(Store)!, parsed.GetValue(sources)!, parsed.GetValue(gold), parsed.GetValue(Json), cancellation));
        return command;
    }

    static Command ImportJudgements()
    {
        Argument<string> file = new("file")
        {
            Description = ".jsonl or .jsonl.gz, one object a line: with chosen and rejected (texts, transcripts or messages) and perhaps prompt, or a judgement with item, prompt, completion_a, completion_b, labeler and choice.",
        };
        Option<string> format = new("--format") { Description = "Form of the file: chosen-rejected or judgements.", Required = true };
        format.AcceptOnlyFromAmong(JudgementsCommand.ChosenRejected, JudgementsCommand.Judgements);
        Option<string?> name = new("--name")
        {
            Description = "Make the judgements the next version of this name, and pin their comparisons, prompts and file. "
                + "Without it gc removes all of them after its grace period unless something was made from them.",
        };
        Option<string?> labeler = new("--labeler") { Description = "Who judged, where the lines do not say. Default: the file's name." };
        Option<string?> axis = new("--axis") { Description = "What was judged by (chosen-rejected; default helpfulness), or of several axes the one to take (judgements)." };
        Command command = new("import", "Make prompts, comparisons and judgements of a file from elsewhere, ready for the step BuildPreferences.")
        { file, format, name, labeler, axis };
        Act(command, (workspace, parsed, json, cancellation) => JudgementsCommand.ImportAsync(
            workspace, parsed.GetValue(file)!, parsed.GetValue(format)!, parsed.GetValue(name), parsed.GetValue(labeler), parsed.GetValue(axis), json, cancellation));
        return command;
    }
}
