namespace Rlhf.Learning.Tokenizers;

/// <summary>Merges neighbors, those that give the best score first and the leftmost of equals, until no two can be merged.</summary>
/// <remarks>
/// A chain of ids and a queue of candidates: looking at all pairs after each merge would take seconds for a page of text.
/// </remarks>
sealed class BestScoreMerge
{
    readonly int[] _ids;
    readonly int[] _previous;
    readonly int[] _next;
    readonly Func<int, int, (int Id, double Score)?> _merge;
    readonly PriorityQueue<(int Place, int Left, int Right, int Merged), (double NegativeScore, int Place)> _candidates = new();

    internal BestScoreMerge(int[] ids, Func<int, int, (int Id, double Score)?> merge)
    {
        (_ids, _merge) = (ids, merge);
        _previous = [.. Enumerable.Range(-1, ids.Length)];
        _next = [.. Enumerable.Range(1, ids.Length)];
    }

    internal int[] Run()
    {
        for (var place = 0; place < _ids.Length; place++)
            Offer(place);
        while (_candidates.TryDequeue(out var best, out _))
            if (_ids[best.Place] == best.Left && _next[best.Place] is var right && right < _ids.Length && _ids[right] == best.Right)
            {
                Join(best.Place, right, best.Merged);
                Offer(_previous[best.Place]);
                Offer(best.Place);
            }
        return [.. _ids.Where(id => id >= 0)];
    }

    void Offer(int place)
    {
        if (place >= 0 && _next[place] is var right && right < _ids.Length && _merge(_ids[place], _ids[right]) is (var merged, var score))
            _candidates.Enqueue((place, _ids[place], _ids[right], merged), (-score, place));
    }

    void Join(int left, int right, int merged)
    {
        (_ids[left], _ids[right]) = (merged, -1); // -1: gone, which no candidate expects
        _next[left] = _next[right];
        if (_next[left] < _ids.Length)
            _previous[_next[left]] = left;
    }
}
