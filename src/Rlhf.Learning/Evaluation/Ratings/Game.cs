namespace Rlhf.Learning.Evaluation.Ratings;

/// <summary>What players won of each other.</summary>
/// <param name="First">Number of one player, from 0.</param>
/// <param name="Second">Number of the other one.</param>
/// <param name="Score">Of the first: 1 where it won, 0 where it lost, a half for a tie, or what lies between.</param>
/// <param name="Count">How often, at least 1.</param>
public sealed record Game(int First, int Second, double Score, int Count = 1);
