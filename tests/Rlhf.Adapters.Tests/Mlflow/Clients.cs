using System.Text;
using Polly;
using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Tests.Mlflow;

/// <summary>Clients of servers in these tests: with the product's own pipeline, but for its waits.</summary>
static class Clients
{
    public static ResiliencePipeline<HttpResponseMessage> Patient(int retries = 3) =>
        Pipelines.Mlflow(new() { Retries = retries, FirstDelay = TimeSpan.Zero, BreakAtLeast = 1_000_000 }, TimeProvider.System);

    public static MlflowClient For(string address, ResiliencePipeline<HttpResponseMessage>? pipeline = null, HttpMessageHandler? handler = null) =>
        new(Settings(("MLFLOW_TRACKING_URI", address)), pipeline ?? Patient(), handler);

    /// <summary>Settings of an environment with these variables and no credentials file.</summary>
    public static MlflowSettings Settings(params (string Name, string? Value)[] variables) =>
        MlflowSettings.FromEnvironment(name => variables.FirstOrDefault(v => v.Name == name).Value, Path.Combine(Path.GetTempPath(), "no such home"))!;

    public static string Basic(string user, string password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
}
