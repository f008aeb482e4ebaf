using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Scoring;

/// <summary>A reward model, or the members of an ensemble, in memory, and how texts become tokens and outputs scores.</summary>
sealed class LoadedRewardModel : IDisposable
{
    readonly string _text;

    /// <exception cref="InvalidDataException">The members read other tokens than each other, or one gives no finite scores.</exception>
    /// <param name="passThreads">Threads of a pass; null: as it turns out to be best here.</param>
    public LoadedRewardModel(ArtifactRef artifact, IReadOnlyList<RewardModel> members, int? passThreads, TimeProvider time)
    {
        (Artifact, Members, _text) = (artifact, members, artifact.Short);
        if (members.Skip(1).FirstOrDefault(m => m.Tokenizer.VocabularySize != members[0].Tokenizer.VocabularySize) is { } other)
            throw new InvalidDataException($"{_text} is an ensemble whose members know {members[0].Tokenizer.VocabularySize} and {other.Tokenizer.VocabularySize} tokens; expected one tokenizer.");
        Pace = Calibration.Measure(members, ContextLength, passThreads, time);
    }

    public ArtifactRef Artifact { get; }

    public IReadOnlyList<RewardModel> Members { get; }

    public int ContextLength => Members.Min(m => m.Model.Config.ContextLength);

    /// <summary>How it is best computed, as measured here.</summary>
    public Pace Pace { get; }

    ITokenizer Tokenizer => Members[0].Tokenizer;

    /// <summary>The tokens of a text as this model reads it.</summary>
    /// <param name="longest">Characters that a text may have.</param>
    /// <exception cref="ScoringRefusedException">It can't be scored as it is.</exception>
    public ScoredText Encode(TextToScore text, int longest)
    {
        try
        {
            return text switch
            {
                TextToScore.Answered answered => Answered(answered, longest),
                TextToScore.Tokens tokens => Verbatim(tokens),
                TextToScore.Written written => Written(written, longest),
                _ => throw new ArgumentException($"A text is {text.GetType().Name}; expected turns, tokens or a written text."),
            };
        }
        catch (InvalidDataException e)
        {
            throw Unscorable(e.Message, e);
        }
    }

    /// <summary>The score of a text from the head's outputs of each member.</summary>
    /// <param name="everywhere">At every token, where that was asked for.</param>
    /// <exception cref="ScoringRefusedException">One is not finite.</exception>
    public TextScore ScoreOf(ScoredText text, float[] ends, float[][]? everywhere)
    {
        float[] members = [.. ends.Select((raw, m) => Members[m].Normalization.Score(raw, text.Length))];
        var score = Mean(members);
        if (!float.IsFinite(score))
            throw new ScoringRefusedException(ScoringRefusal.NotFinite, $"{_text} gives a text of {text.Tokens.Length} tokens the score {score}; expected a finite number.");
        var tokenScores = everywhere is null ? null : (float[])[.. Enumerable.Range(text.PromptLength, text.Length)
            .Select(t => Mean([.. everywhere.Select((raw, m) => Members[m].Normalization.Score(raw[t], t - text.PromptLength + 1))]))];
        if (tokenScores?.Any(s => !float.IsFinite(s)) == true)
            throw new ScoringRefusedException(ScoringRefusal.NotFinite, $"{_text} gives a token of a text of {text.Tokens.Length} tokens a score that is not finite; expected a finite number.");
        // The last one was computed by a product of another shape, and may round otherwise.
        if (tokenScores is not null) tokenScores[^1] = score;
        return new(score, members, text.Tokens.Length, text.Length, text.Truncated) { TokenScores = tokenScores };
    }

    public void Dispose()
    {
        foreach (var member in Members) member.Dispose();
    }

    static float Mean(float[] members) => (float)EnsembleScorer.Combine([.. members.Select(m => (double)m)], EnsembleScore.Mean, 0);

    ScoredText Answered(TextToScore.Answered text, int longest)
    {
        Check(text.Prompt.Sum(t => (long)t.Text.Length) + text.Completion.Length, longest);
        if (text.Completion.Length == 0) throw Unscorable("A completion is empty; expected a text.");
        return Members[0].Encode(text.Prompt.Chat(), text.Completion);
    }

    ScoredText Verbatim(TextToScore.Tokens text)
    {
        if (text.Ids.Length > ContextLength) throw Unscorable($"A text has {text.Ids.Length} tokens; expected at most the context of {ContextLength}, which text (not ids) is cut to.");
        if (text.PromptLength < 0 || text.PromptLength >= text.Ids.Length) throw Unscorable($"A text has {text.Ids.Length} tokens, {text.PromptLength} of them the prompt's; expected at least one token of a completion.");
        if (text.Ids.FirstOrDefault(id => id < 0 || id >= Tokenizer.VocabularySize, 0) is var id && (id < 0 || id >= Tokenizer.VocabularySize))
            throw Unscorable($"A text has the token {id}; expected 0 to {Tokenizer.VocabularySize - 1}.");
        return new(text.Ids, text.PromptLength);
    }

    ScoredText Written(TextToScore.Written text, int longest)
    {
        Check(text.Text.Length, longest);
        var ids = Ids(text.Text);
        // What trainers send ends with the padding and the end of sequence that their own tokenizer wrote.
        var end = ids.Length;
        while (end > 0 && (ids[end - 1] == Tokenizer.EosId || ids[end - 1] == Tokenizer.PadId)) end--;
        int[] whole = [.. ids[..end], Tokenizer.EosId];
        var begin = whole[0] == Tokenizer.BosId ? 1 : 0;
        if (whole.Length - begin < 2) throw Unscorable("A text is empty; expected a prompt and a completion.");
        var prompt = text.Prompt is null ? begin : Math.Min(Ids(text.Prompt).AsSpan().CommonPrefixLength(whole), whole.Length - 1);
        var cut = Math.Max(0, whole.Length - ContextLength);
        return cut == 0 ? new(whole, prompt) : new([.. whole[..begin], .. whole[(cut + begin)..]], Math.Clamp(prompt - cut, begin, whole.Length - cut - 1)) { Truncated = true };
    }

    int[] Ids(string text)
    {
        var ids = Tokenizer.EncodeWithSpecial(text);
        return Tokenizer.BosId is { } bos && (ids.Length == 0 || ids[0] != bos) ? [bos, .. ids] : ids;
    }

    static void Check(long characters, int longest)
    {
        if (characters > longest) throw Unscorable($"A text has {characters} characters; expected at most {longest}.");
    }

    static ScoringRefusedException Unscorable(string sentence, Exception? inner = null) => new(ScoringRefusal.Unscorable, sentence, inner);
}
