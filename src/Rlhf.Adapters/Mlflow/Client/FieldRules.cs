using System.Text;
using System.Text.Json;

namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// What MLflow takes in a field. The server cuts a long value, stores a malformed number as 0 and ignores what it does not know, all with an
/// answer that says success; so each field is checked before it is sent. Lengths are in Unicode characters, not in UTF-16 units. Each method
/// throws <see cref="ArgumentException"/> for what breaks its rule, and those with a result return what they were given.
/// </summary>
public static class FieldRules
{
    public const int LongestKey = 250, LongestParam = 6000, LongestRunTag = 8000, LongestExperimentTag = 5000, LongestRegistryTag = 5000;
    public const int LongestExperimentName = 500, LongestRunName = 250, LongestModelName = 256, LongestAlias = 255, LongestDigest = 36;
    public const int LongestDescription = 5000, LongestSource = 500, LongestDatasetName = 500, LongestSourceType = 36, LongestInputTag = 500;
    public const int LongestDatasetSource = 65_535, LongestDatasetSchema = 1_048_575, LongestDatasetProfile = 16_777_215, MostDatasets = 1000;

    /// <summary>The key of a metric, param or tag: letters, digits, <c>_ / . - :</c> and spaces, and a path that is already in its plainest form.</summary>
    public static string Key(string what, string key)
    {
        Length($"{what} key", key, 1, LongestKey);
        if (!key.EnumerateRunes().All(r => IsWord(r) || r.Value is '/' or '.' or '-' or ':' or ' '))
            throw new ArgumentException($"The {what} key '{key}' holds characters that MLflow refuses; expected letters, digits, spaces and _ / . - : only.");
        if (key.StartsWith("..", StringComparison.Ordinal) || key.Split('/').Any(part => part is "" or "." or ".."))
            throw new ArgumentException($"The {what} key '{key}' would be another one as a path; expected no '.', '..' or empty part and no '/' at either end.");
        return key;
    }

    /// <summary>The greatest finite number of either sign is refused: MLflow means infinity by it.</summary>
    public static void Metric(MlflowMetric metric)
    {
        Key("metric", metric.Key);
        Time($"metric '{metric.Key}'", metric.Timestamp);
        if (metric.Value is double.MaxValue or double.MinValue)
            throw new ArgumentException($"The metric '{metric.Key}' has the value {metric.Value}, which MLflow would give back as infinity; expected any other number.");
    }

    public static void Param(MlflowParam param)
    {
        Key("param", param.Key);
        Length($"value of param '{param.Key}'", param.Value, 0, LongestParam);
    }

    public static void RunTag(MlflowTag tag) => Tag(tag, LongestRunTag);

    public static void ExperimentTag(MlflowTag tag) => Tag(tag, LongestExperimentTag);

    /// <summary>A tag of a registered model or of a version.</summary>
    public static void RegistryTag(MlflowTag tag) => Tag(tag, LongestRegistryTag);

    public static void Batch(MlflowBatch batch)
    {
        foreach (var metric in batch.Metrics) Metric(metric);
        foreach (var param in batch.Params) Param(param);
        foreach (var tag in batch.Tags) RunTag(tag);
        Unique("param", batch.Params.Select(p => p.Key));
        Unique("tag", batch.Tags.Select(t => t.Key));
    }

    /// <summary>The server refuses a batch that names a param twice, even with one value; which of two tags it keeps is not said.</summary>
    public static void Unique(string what, IEnumerable<string> keys)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in keys)
            if (!seen.Add(key)) throw new ArgumentException($"The {what} '{key}' stands twice in what is to be logged together; expected it once.");
    }

    public static void Datasets(IReadOnlyList<MlflowDatasetInput> inputs)
    {
        if (inputs.Count > MostDatasets) throw new ArgumentException($"{inputs.Count} datasets are to be logged together; expected at most {MostDatasets}.");
        foreach (var input in inputs) Dataset(input);
    }

    /// <summary>Source, schema and profile must be JSON.</summary>
    public static void Dataset(MlflowDatasetInput input)
    {
        var (dataset, name) = (input.Dataset, input.Dataset.Name);
        Length("name of a dataset", name, 1, LongestDatasetName);
        Length($"digest of dataset '{name}'", dataset.Digest, 1, LongestDigest);
        Length($"source type of dataset '{name}'", dataset.SourceType, 1, LongestSourceType);
        Json($"source of dataset '{name}'", dataset.Source, LongestDatasetSource);
        if (dataset.Schema is { } schema) Json($"schema of dataset '{name}'", schema, LongestDatasetSchema);
        if (dataset.Profile is { } profile) Json($"profile of dataset '{name}'", profile, LongestDatasetProfile);
        foreach (var tag in input.Tags) Tag(tag, LongestInputTag);
        Unique($"tag of dataset '{name}'", input.Tags.Select(t => t.Key));
    }

    public static string ExperimentName(string name) => Length("experiment name", name, 1, LongestExperimentName);

    public static string RunName(string name) => Length("run name", name, 1, LongestRunName);

    /// <summary>No slash and no colon.</summary>
    public static string ModelName(string name)
    {
        Length("registered model name", name, 1, LongestModelName);
        return name.IndexOfAny(['/', ':']) < 0 ? name : throw new ArgumentException($"The registered model name '{name}' holds '/' or ':'; expected neither.");
    }

    /// <summary>None of <c>/ : . % " '</c>.</summary>
    public static string LoggedModelName(string name)
    {
        Length("LoggedModel name", name, 1, LongestModelName);
        return name.IndexOfAny(['/', ':', '.', '%', '"', '\'']) < 0 ? name : throw new ArgumentException($"The LoggedModel name '{name}' holds one of / : . % \" '; expected none of them.");
    }

    /// <summary>Letters, digits, <c>_</c> and <c>-</c>; neither <c>latest</c> nor <c>v7</c>, which the server keeps for itself.</summary>
    public static string Alias(string alias)
    {
        Length("alias", alias, 1, LongestAlias);
        if (!alias.EnumerateRunes().All(r => IsWord(r) || r.Value == '-'))
            throw new ArgumentException($"The alias '{alias}' holds characters that MLflow refuses; expected letters, digits, _ and - only.");
        if (alias.Equals("latest", StringComparison.OrdinalIgnoreCase) || (alias is ['v' or 'V', _, ..] && alias.Skip(1).All(char.IsDigit)))
            throw new ArgumentException($"The alias '{alias}' is one that MLflow keeps for itself; expected neither 'latest' nor 'v' and a number.");
        return alias;
    }

    /// <summary>A number from 1, in digits.</summary>
    public static string Version(string version) => version.Length is > 0 and < 19 && version.All(char.IsAsciiDigit) && version[0] != '0'
        ? version : throw new ArgumentException($"'{version}' is not a model version; expected a number from 1, in digits.");

    public static string Description(string text) => Length("description", text, 0, LongestDescription);

    public static string Source(string uri) => Length("source of a model version", uri, 1, LongestSource);

    /// <summary>What the server calls an experiment, a run or a LoggedModel: letters, digits, <c>-</c> and <c>_</c>.</summary>
    public static string Id(string what, string id) => id.Length is > 0 and <= 256 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        ? id : throw new ArgumentException($"'{id}' is not the id of a {what}; expected 1 to 256 letters, digits, - and _.");

    /// <summary>Milliseconds since 1970; the server refuses less than 0.</summary>
    public static long Time(string what, long milliseconds) => milliseconds >= 0
        ? milliseconds : throw new ArgumentException($"The time of {what} is {milliseconds}; expected milliseconds since 1970, 0 or more.");

    /// <summary>The server ignores a status that it does not know.</summary>
    public static MlflowRunStatus? Status(MlflowRunStatus? status) => status is null || Enum.IsDefined(status.Value)
        ? status : throw new ArgumentException($"{status} is not a run's status; expected one of {string.Join(", ", Enum.GetNames<MlflowRunStatus>())}.");

    /// <summary>How many items one page may bring.</summary>
    public static int PageSize(int size, int most) => size >= 1 && size <= most
        ? size : throw new ArgumentException($"The page size is {size}; expected 1 to {most}.");

    // What is no Unicode is replaced on its way, and a zero character is refused by some of the server's databases.
    internal static void Characters(string what, string text)
    {
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var used) != System.Buffers.OperationStatus.Done || rune.Value == 0)
                throw new ArgumentException($"The {what} holds the UTF-16 unit {(int)rest[0]:X4} at index {text.Length - rest.Length}; expected Unicode text without zero characters.");
            rest = rest[used..];
        }
    }

    static void Tag(MlflowTag tag, int longest)
    {
        Key("tag", tag.Key);
        Length($"value of tag '{tag.Key}'", tag.Value, 0, longest);
    }

    static string Length(string what, string text, int least, int most)
    {
        Characters(what, text);
        var length = text.Length <= most ? text.Length : text.EnumerateRunes().Count();
        return length >= least && length <= most ? text : throw new ArgumentException($"The {what} has {length} characters; expected {least} to {most}.");
    }

    static void Json(string what, string text, int most)
    {
        Length(what, text, 1, most);
        try
        {
            using var json = JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"The {what} is not JSON: {e.Message}", e);
        }
    }

    // The server's \w: any letter, any number, and the underscore alone of what joins words.
    static bool IsWord(Rune rune) => Rune.IsLetter(rune) || Rune.IsNumber(rune) || rune.Value == '_';
}
