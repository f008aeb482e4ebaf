namespace Rlhf.Simulation.Stories;

/// <summary>How a story goes on: trouble, act, thanks and close, with qualities drawn independently.</summary>
internal sealed class Continuation
{
    const double PronounAgrees = 0.7, OnePronounSlips = 0.03, NameStays = 0.65, ActFits = 0.6, ObjectStays = 0.7, NoAct = 0.08,
        InOrder = 0.5, HappyClose = 0.5, Filler = 0.15, Repeats = 0.1, Breaks = 0.1;

    static readonly string[] Troubles = ["{S} was sad and began to cry.", "{S} felt sad.", "{S} sat down and cried."];

    static readonly string[] Acts =
        ["A {helper} came and {act} {P} {color} {thing}.", "Then a {helper} {act} the {color} {thing}.", "A kind {helper} {act} the {thing}."];

    static readonly string[] NoActs = ["A {helper} came and saw {P} {color} {thing}.", "Then a {helper} saw the {color} {thing}."];

    static readonly string[] Thanks = ["{S} smiled and said thanks.", "{S} thanked the {helper}.", "{S} was glad and smiled."];

    static readonly string[] HappyCloses = ["{S} was happy all day.", "{S} went home and was happy.", "It was a happy day."];

    static readonly string[] OtherCloses = ["Then it was late.", "{S} went home to bed.", "It was a long day."];

    static readonly string[] Fillers = ["It was warm.", "The wind was cold."];

    static readonly string[] Fragments = ["But then the.", "And it was a."];

    readonly Opening _opening;
    readonly Draws _draws;
    readonly string _helper, _name;
    readonly bool _female;
    bool _named;

    Continuation(Opening opening, Draws draws)
    {
        _opening = opening;
        _draws = draws;
        _helper = draws.Of(StoryWords.Helpers);
        var other = draws.Of([.. StoryWords.Protagonists.Where(p => p != opening.Who)]);
        _name = draws.Chance(NameStays) ? opening.Who.Name : other.Name;
        _female = opening.Who.Female == draws.Chance(PronounAgrees);
    }

    public static string Draw(Opening opening, Draws draws) => new Continuation(opening, draws).Text();

    string Text()
    {
        var moves = Moves();
        if (_draws.Chance(Filler)) moves.Insert(_draws.Below(moves.Count), _draws.Of(Fillers));
        var sentences = moves.ConvertAll(Tell);
        sentences.Add(Tell(_draws.Of(_draws.Chance(HappyClose) ? HappyCloses : OtherCloses)));
        if (_draws.Chance(Breaks)) sentences.Insert(_draws.Below(sentences.Count), _draws.Of(Fragments));
        if (_draws.Chance(Repeats))
        {
            var at = _draws.Below(sentences.Count);
            sentences.Insert(at, sentences[at]);
        }
        return string.Join(' ', sentences);
    }

    List<string> Moves()
    {
        string[] moves = [_draws.Of(Troubles), Act(), _draws.Of(Thanks)];
        if (_draws.Chance(InOrder)) return [.. moves];
        return _draws.Below(10) switch
        {
            < 7 => [moves[2], moves[1], moves[0]],
            < 9 => [moves[2], moves[0], moves[1]],
            _ => [moves[1], moves[0], moves[2]],
        };
    }

    string Act()
    {
        var same = _draws.Chance(ObjectStays);
        var thing = same ? _opening.Thing : _draws.Of([.. StoryWords.Things.Concat(StoryWords.Animals).Where(t => t != _opening.Thing)]);
        var opened = _draws.Chance(ActFits) ? _opening.Event : _draws.Of([.. StoryWords.Events.Where(e => e != _opening.Event)]);
        var act = opened.Acts[_draws.Chance(0.3) ? opened.Acts.Count - 1 : 0];
        return _draws.Of(_draws.Chance(NoAct) ? NoActs : Acts)
            .Replace("{act}", act, StringComparison.Ordinal)
            .Replace("{color}", same ? _opening.Color : _draws.Of(StoryWords.Colors), StringComparison.Ordinal)
            .Replace("{thing}", thing, StringComparison.Ordinal);
    }

    // The first subject told is the name, or the second: a name has to stand in nearly every continuation, pronouns in most.
    string Tell(string sentence)
    {
        var told = sentence.Replace("{helper}", _helper, StringComparison.Ordinal).Replace("{P}", _female ? "her" : "his", StringComparison.Ordinal);
        if (!told.Contains("{S}", StringComparison.Ordinal)) return told;
        var subject = !_named && _draws.Chance(0.6) ? _name : _female != _draws.Chance(OnePronounSlips) ? "She" : "He";
        _named |= subject == _name;
        return told.Replace("{S}", subject, StringComparison.Ordinal);
    }
}
