namespace Rlhf.Simulation.Stories;

/// <summary>How a story goes on: trouble, act, thanks and close, with qualities drawn independently.</summary>
internal sealed class Continuation
{
    const double PronounAgrees = 0.6, OnePronounSlips = 0.1, NameStays = 0.55, ActFits = 0.52, ObjectStays = 0.6, NoAct = 0.08,
        InOrder = 0.5, HappyClose = 0.5, Filler = 0.3, Repeats = 0.15, Breaks = 0.12;

    static readonly string[] Troubles =
        ["{S} was sad and began to cry.", "{S} felt very sad.", "{S} sat down and cried.", "{S} was sad for a long time.", "{S} felt bad and cried a little."];

    static readonly string[] Acts =
        ["A {helper} came and {act} the {color} {thing}.", "Then a {helper} {act} the {color} {thing}.", "A kind {helper} {act} the {thing} that day.",
            "Soon a {helper} {act} the little {color} {thing}."];

    static readonly string[] NoActs = ["A {helper} came and looked at the {color} {thing}.", "Then a {helper} saw the {color} {thing}."];

    static readonly string[] Thanks =
        ["{S} said thank you with a smile.", "{S} smiled and said thanks.", "{S} thanked the kind {helper}.", "{S} was glad and said thank you."];

    static readonly string[] HappyCloses =
        ["{S} was happy all day.", "{S} laughed and played in the sun.", "{S} went home with a happy heart.", "It was a happy day for everyone."];

    static readonly string[] OtherCloses =
        ["Then it was time for bed.", "{S} went home to eat.", "The sun went down and it was late.", "{S} was still sad at night.", "{S} put on a coat and went home."];

    static readonly string[] Fillers = ["It was a warm day.", "The wind was cold.", "There was a big tree.", "The birds sang a song."];

    static readonly string[] Fragments = ["But then the.", "And it was very.", "So a.", "There was a big and."];

    readonly Opening _opening;
    readonly Draws _draws;
    readonly string _helper, _name, _subject, _other;
    bool _named;

    Continuation(Opening opening, Draws draws)
    {
        _opening = opening;
        _draws = draws;
        _helper = draws.Of(StoryWords.Helpers);
        _name = draws.Chance(NameStays) ? opening.Who.Name : draws.Of([.. StoryWords.Protagonists.Where(p => p != opening.Who)]).Name;
        _subject = opening.Who.Female == draws.Chance(PronounAgrees) ? "She" : "He";
        _other = _subject == "She" ? "He" : "She";
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
        return _draws.Below(5) switch
        {
            0 or 1 => [moves[2], moves[1], moves[0]],
            2 => [moves[2], moves[0], moves[1]],
            3 => [moves[1], moves[2], moves[0]],
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

    // The first subject told is the name, or the second: a name has to stand in every continuation, pronouns in most.
    string Tell(string sentence)
    {
        if (!sentence.Contains("{S}", StringComparison.Ordinal)) return sentence.Replace("{helper}", _helper, StringComparison.Ordinal);
        var subject = !_named && _draws.Chance(0.6) ? _name : _draws.Chance(OnePronounSlips) ? _other : _subject;
        _named |= subject == _name;
        return sentence.Replace("{S}", subject, StringComparison.Ordinal).Replace("{helper}", _helper, StringComparison.Ordinal);
    }
}
