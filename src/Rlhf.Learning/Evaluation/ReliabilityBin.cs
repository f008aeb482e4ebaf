namespace Rlhf.Learning.Evaluation;

/// <summary>One row of a reliability table: what was predicted in a range of confidence, and how often it was right.</summary>
/// <param name="Lower">Lower end of the range, inclusive; 0 to 1.</param>
/// <param name="Upper">Upper end, exclusive but for the last bin's 1.</param>
/// <param name="Count">Predictions in it, at least 1.</param>
/// <param name="Confidence">Their mean confidence.</param>
/// <param name="Frequency">The share of them that were right.</param>
public sealed record ReliabilityBin(double Lower, double Upper, int Count, double Confidence, double Frequency);
