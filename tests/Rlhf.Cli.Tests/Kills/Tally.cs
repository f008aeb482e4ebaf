using System.Globalization;

namespace Rlhf.Cli.Tests.Kills;

/// <summary>What a kill test did: how many kills are wanted (from the environment), and where they fell.</summary>
sealed class Tally
{
    readonly string _what;
    readonly Dictionary<string, int> _places = [];
    string? _last;
    int _rounds;

    public Tally(string what, string variable, int inCi)
    {
        _what = what;
        var text = Environment.GetEnvironmentVariable(variable);
        Wanted = string.IsNullOrEmpty(text) ? inCi : int.Parse(text, CultureInfo.InvariantCulture);
    }

    public int Wanted { get; }

    public int Kills => _places.Values.Sum();

    public bool IsDone => Kills >= Wanted;

    /// <summary>In how many different steps, or before, between and after them.</summary>
    public int Places => _places.Count;

    /// <summary>
    /// True for a place that fewer kills fell on than on the average one, and not the last: a step whose workers die as soon as they begin it,
    /// again and again, is rightly taken for the cause.
    /// </summary>
    public bool IsRare(string place) => place != _last && _places.GetValueOrDefault(place) * Places <= Kills;

    public void Killed(string place) => _places[_last = place] = _places.GetValueOrDefault(place) + 1;

    /// <summary>A round ended, and all of it was right. Says where things stand, also in the file <c>RLHF_KILLS_LOG</c>.</summary>
    public void RoundWasRight()
    {
        _rounds++;
        TestContext.Current.TestOutputHelper?.WriteLine($"{this}");
        if (Environment.GetEnvironmentVariable("RLHF_KILLS_LOG") is { Length: > 0 } file) File.AppendAllText(file, $"{this}{Environment.NewLine}");
    }

    public override string ToString() =>
        $"{_what}: {Kills} kills, {_rounds} rounds right; {string.Join(", ", _places.OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key} {p.Value}"))}";
}
