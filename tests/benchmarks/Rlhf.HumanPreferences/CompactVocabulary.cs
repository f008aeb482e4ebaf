using Rlhf.Learning.Tokenizers;

namespace Rlhf.HumanPreferences;

/// <summary>The ids of a large tokenizer that occur often enough to learn from, renumbered; all others share one id.</summary>
sealed class CompactVocabulary : ITokenizer
{
    const int Special = 4, Rare = 3;

    readonly ITokenizer _whole;
    readonly int[] _kept;
    readonly Dictionary<int, int> _ids;

    /// <summary>Keeps what occurs in at least <paramref name="minimum"/> of the <paramref name="texts"/>.</summary>
    public CompactVocabulary(ITokenizer whole, IEnumerable<int[]> texts, int minimum)
    {
        _whole = whole;
        _kept = [.. texts.SelectMany(t => t.Distinct()).CountBy(id => id).Where(c => c.Value >= minimum).Select(c => c.Key).Order()];
        _ids = _kept.Index().ToDictionary(k => k.Item, k => Special + k.Index);
    }

    public int VocabularySize => Special + _kept.Length;

    public int? BosId => 0;

    public int EosId => 1;

    public int PadId => 2;

    public int[] Encode(string text) => Map(_whole.Encode(text));

    /// <summary>Ids of the large tokenizer to ids of this one.</summary>
    public int[] Map(ReadOnlySpan<int> ids)
    {
        var mapped = new int[ids.Length];
        for (var i = 0; i < ids.Length; i++) mapped[i] = _ids.GetValueOrDefault(ids[i], Rare);
        return mapped;
    }

    public string Decode(ReadOnlySpan<int> ids) => _whole.Decode([.. ids.ToArray().Where(id => id >= Special).Select(id => _kept[id - Special])]);

    public void Save(string folder) => throw new NotSupportedException("A vocabulary of one experiment is not saved.");
}
