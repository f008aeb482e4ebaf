using System.CommandLine;
using Rlhf.Cli.Rewards;
using Rlhf.Pipeline.Scoring;
using Rlhf.Server.Scoring;

namespace Rlhf.Cli;

/// <content><c>rlhf rewards …</c></content>
static partial class Commands
{
    static Command RewardsOf()
    {
        ServingOptions usual = new();
        Option<string[]> models = new("--model")
        {
            Description = "A reward model or ensemble to serve: kind/sha256 or its first digits, or a name such as reward-model@latest, which is followed when it moves on; NAME=REF gives it another name. May stand several times.",
        };
        Option<int> onDemand = new("--on-demand") { Description = "So many reward models of the store are loaded when somebody asks for their hash, as a round does for the one that it has just trained.", DefaultValueFactory = _ => 0 };
        Option<int> port = new("--port") { Description = "Where to listen on this machine; 0 for any free port.", DefaultValueFactory = _ => 5300 };
        Option<string?> urls = new("--urls") { Description = "In the place of --port: addresses, with ; between them. Anything but loopback needs a key (rlhf keys create NAME --role operator --scope scoring) or an OpenID Connect issuer." };
        Option<int> budget = new("--token-budget") { Description = "Tokens, padding included, that are computed in one pass.", DefaultValueFactory = _ => usual.TokenBudget };
        Option<double> delay = new("--delay-ms") { Description = "How long a text waits for others to be computed with it, at most, while a thread has nothing to do.", DefaultValueFactory = _ => usual.LongestDelay.TotalMilliseconds };
        Option<int> queue = new("--queue-tokens") { Description = "Tokens that may wait for a model; beyond them requests are answered 429.", DefaultValueFactory = _ => usual.QueueTokens };
        Option<int> texts = new("--max-texts") { Description = "Texts that one request may hold.", DefaultValueFactory = _ => 1024 };
        Option<double> body = new("--max-body-mb") { Description = "Longest body of a request, in megabytes (of 2^20 bytes).", DefaultValueFactory = _ => 4 };
        Option<int> characters = new("--max-characters") { Description = "Characters of a text, prompt and completion together.", DefaultValueFactory = _ => usual.LongestText };
        Option<double> retire = new("--retire-minutes") { Description = "How long a model whose name moved on still answers who asks for its hash, after the last one did.", DefaultValueFactory = _ => usual.Retire.TotalMinutes };
        Option<Precision> precision = new("--precision") { Description = "What models compute in: float32, bfloat16, float16, or auto: bfloat16 on CUDA, else float32. A shorter type is refused where it ranks texts otherwise than float32 (Kendall tau below 0.99).", DefaultValueFactory = _ => Precision.Auto };
        Option<int?> threads = new("--pass-threads") { Description = "Threads of a pass on the CPU; as many passes as the cores have room for are computed side by side. Without it what gives most scores, as measured when a model is loaded." };
        Option<bool> alone = new("--no-batching") { Description = "For comparison: compute every text alone, one after the other by all cores unless --pass-threads says otherwise." };
        var serve = new Command("serve", "Score completions over HTTP: /v1/score, OpenRLHF's /get_reward, verl's /classify; until stopped.") { models, onDemand, port, urls, budget, delay, queue, texts, body, characters, retire, precision, threads, alone };
        serve.Does((parsed, cancellation) => RewardsCommand.ServeAsync(
            parsed.GetValue(Store)!, parsed.GetValue(models) ?? [],
            new(
                parsed.GetValue(urls)?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [$"http://127.0.0.1:{Within("--port", parsed.GetValue(port), 0, 65535)}"],
                Environment.UserName)
            {
                LongestBody = (int)(Within("--max-body-mb", parsed.GetValue(body), 0.001, 1024) * (1 << 20)),
                MostTexts = (int)Within("--max-texts", parsed.GetValue(texts), 1, 65536),
            },
            new()
            {
                TokenBudget = (int)Within("--token-budget", parsed.GetValue(budget), 1, 1_000_000),
                LongestDelay = TimeSpan.FromMilliseconds(Within("--delay-ms", parsed.GetValue(delay), 0, 10_000)),
                QueueTokens = (int)Within("--queue-tokens", parsed.GetValue(queue), 1, 1 << 30),
                LongestText = (int)Within("--max-characters", parsed.GetValue(characters), 1, 1 << 26),
                Retire = TimeSpan.FromMinutes(Within("--retire-minutes", parsed.GetValue(retire), 0, 10_000)),
                OnDemand = (int)Within("--on-demand", parsed.GetValue(onDemand), 0, 64),
                Precision = parsed.GetValue(precision),
                PassThreads = parsed.GetValue(threads) is { } count ? (int)Within("--pass-threads", count, 1, ServingOptions.MostPassThreads) : null,
                Batches = !parsed.GetValue(alone),
            },
            parsed.GetValue(Json), cancellation));
        return new("rewards", "Reward models as a service.") { serve };
    }

    static double Within(string option, double value, double least, double most) =>
        value >= least && value <= most ? value : throw new ArgumentException($"{option} is {value}; expected {least} to {most}.");
}
