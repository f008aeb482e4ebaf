using Rlhf.Learning.Evaluation;

namespace Rlhf.HumanPreferences;

/// <summary>A test pair with the margins of the decoder, of the bag of words and of length; positive is right.</summary>
sealed record Scored(string Id, string Source, double Decoder, double Temperature, double Bag, double Longer)
{
    public const string Header = """
        | source | pairs | decoder | longer wins | bag of words | decoder against longer: only one right, p | against bag: only one right, p | ECE before | after temperature |
        |---|---|---|---|---|---|---|---|---|
        """;

    /// <summary>One row of the table.</summary>
    public static string Row(string name, IReadOnlyList<Scored> pairs)
    {
        double[] decoder = [.. pairs.Select(p => p.Decoder)], longer = [.. pairs.Select(p => p.Longer)], bag = [.. pairs.Select(p => p.Bag)];
        var calibrated = Calibration.Of([.. pairs.Select(p => p.Decoder / p.Temperature)]);
        return $"| {name} | {pairs.Count:N0} | **{WithInterval(decoder)}** | {WithInterval(longer)} | {WithInterval(bag)} | {Test(decoder, longer)} | {Test(decoder, bag)} "
            + $"| {Calibration.Of(decoder).ExpectedCalibrationError:0.000} | {calibrated.ExpectedCalibrationError:0.000} |";
    }

    static string WithInterval(double[] margins)
    {
        var accuracy = Margins.Accuracy(margins);
        var interval = WilsonInterval.Of(accuracy * margins.Length, margins.Length, 0.95);
        return $"{accuracy:0.000} [{interval.Lower:0.000}, {interval.Upper:0.000}]";
    }

    static string Test(double[] first, double[] second)
    {
        var test = McNemar.Of(first, second);
        return $"{test.OnlyFirst} : {test.OnlySecond}, {(test.P < 1e-4 ? "< 0.0001" : $"{test.P:0.0000}")}";
    }
}
