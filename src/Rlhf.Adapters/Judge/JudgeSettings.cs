using System.Globalization;

namespace Rlhf.Adapters.Judge;

/// <summary>What a million tokens cost, read and written, in whatever money the budget is in.</summary>
public sealed record TokenPrices(decimal Input, decimal Output)
{
    const decimal Million = 1_000_000;

    public decimal Of(long input, long output) => (input * Input + output * Output) / Million;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Input}/{Output}");
}

/// <summary>Which endpoint the AI judge asks, which model there, and within which limits. Its text never shows the key.</summary>
public sealed record JudgeSettings
{
    public const string Variable = "RLHF_JUDGE_URL", ModelVariable = "RLHF_JUDGE_MODEL", KeyVariable = "RLHF_JUDGE_KEY", TokensVariable = "RLHF_JUDGE_TOKENS",
        MoneyVariable = "RLHF_JUDGE_MONEY", PricesVariable = "RLHF_JUDGE_PRICES", RateVariable = "RLHF_JUDGE_PER_MINUTE", AtOnceVariable = "RLHF_JUDGE_AT_ONCE",
        TimeoutVariable = "RLHF_JUDGE_TIMEOUT";

    /// <summary>Where the OpenAI-compatible API begins, such as <c>https://judge.example/v1</c>.</summary>
    public required Uri Address { get; init; }

    /// <summary>The model's name there.</summary>
    public required string Model { get; init; }

    /// <summary>Null for an endpoint that takes none.</summary>
    internal string? Key { get; init; }

    /// <summary>Requests a minute, evenly; null for no limit.</summary>
    public double? PerMinute { get; init; }

    /// <summary>Requests at a time, 1 to 64.</summary>
    public int AtOnce { get; init; } = 4;

    /// <summary>One request, 1 to 3600 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Tokens, read and written together, that the judgements of one workflow instance may take; null for no limit.</summary>
    public long? BudgetTokens { get; init; }

    /// <summary>The money that they may take; null for no limit.</summary>
    public decimal? BudgetMoney { get; init; }

    public TokenPrices? Prices { get; init; }

    public override string ToString() => $"judge {Model} at {Address}, {(Key is null ? "no key" : "with a key")}";

    /// <summary>From the environment's variables (null for one that is not set).</summary>
    /// <returns>Null where <c>RLHF_JUDGE_URL</c> is not set.</returns>
    /// <exception cref="ArgumentException">A value is malformed; the message says which and what was expected.</exception>
    public static JudgeSettings? FromEnvironment(Func<string, string?> variable)
    {
        string? Text(string name) => variable(name) is { Length: > 0 } text ? text : null;
        if (Text(Variable) is not { } url) return null;
        var settings = new JudgeSettings
        {
            Address = AddressOf(url),
            Model = ModelOf(Text(ModelVariable)),
            Key = KeyOf(Text(KeyVariable)),
            PerMinute = Number(RateVariable, Text(RateVariable), 0.1, 1e6, "requests a minute"),
            BudgetTokens = (long?)Number(TokensVariable, Text(TokensVariable), 1, 1e15, "tokens"),
            BudgetMoney = (decimal?)Number(MoneyVariable, Text(MoneyVariable), 0, 1e9, "an amount in the money of the prices"),
            Prices = PricesOf(Text(PricesVariable)),
        };
        if (Number(AtOnceVariable, Text(AtOnceVariable), 1, 64, "requests at a time") is { } atOnce) settings = settings with { AtOnce = (int)atOnce };
        if (Number(TimeoutVariable, Text(TimeoutVariable), 1, 3600, "seconds") is { } seconds) settings = settings with { Timeout = TimeSpan.FromSeconds(seconds) };
        return settings is { BudgetMoney: not null, Prices: null }
            ? throw new ArgumentException($"{MoneyVariable} is set, but {PricesVariable} is not; expected what a million tokens cost, read and written, such as 2.5/10.")
            : settings;
    }

    // The value may hold a password, so it is not repeated.
    static Uri AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
            ? uri
            : throw new ArgumentException($"{Variable} is no address of an API; expected such as https://judge.example/v1, without user, query or fragment.");

    static string ModelOf(string? text) =>
        text is { Length: <= 200 } && !text.Any(char.IsControl) && !string.IsNullOrWhiteSpace(text) && !text.Contains('#', StringComparison.Ordinal) ? text
        : throw new ArgumentException(text is null
            ? $"{Variable} is set, but {ModelVariable} is not; expected the name of a model there."
            : $"{ModelVariable} is '{text}'; expected the name of a model, up to 200 characters without '#'.");

    static string? KeyOf(string? text) =>
        text is null || text.All(c => c is > ' ' and < (char)0x7F) ? text
        : throw new ArgumentException($"{KeyVariable} holds white space or characters outside ASCII; expected a key as it goes into a header.");

    static TokenPrices? PricesOf(string? text)
    {
        if (text is null) return null;
        var parts = text.Split('/');
        return parts.Length == 2 && Price(parts[0]) is { } input && Price(parts[1]) is { } output ? new(input, output)
            : throw new ArgumentException($"{PricesVariable} is '{text}'; expected what a million tokens cost, read and written, such as 2.5/10.");
    }

    static decimal? Price(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var price) && price <= 1_000_000 ? price : null;

    static double? Number(string name, string? text, double least, double most, string what)
    {
        if (text is null) return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
            : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{name} is '{text}'; expected {what}, {least} to {most}."));
    }
}
