namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// What was refused for good, by the key of a run or model and its state then: asked for again once the state is another one, after a repair, or
/// after a while, since a server or a store may be mended. Else a sender that looks every few seconds would ask for ever.
/// </summary>
sealed class Refusals(TimeProvider time)
{
    static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    readonly Dictionary<string, (string State, DateTimeOffset Until, string Sentence)> _refused = [];

    public IEnumerable<string> Sentences => _refused.Values.Select(r => r.Sentence);

    public bool Holds(string key, string state) => _refused.TryGetValue(key, out var refused) && refused.State == state && time.GetUtcNow() < refused.Until;

    public void Add(string key, string state, string sentence) => _refused[key] = (state, time.GetUtcNow() + Pause, sentence);

    public void Remove(string key) => _refused.Remove(key);

    public void Clear() => _refused.Clear();
}
