using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Scoring;

namespace Rlhf.Server.Scoring;

/// <summary>Whether the server lives and can answer, what it serves, and what it has counted.</summary>
static class StateApi
{
    /// <summary><c>GET /healthz</c>: it lives.</summary>
    public static Task HealthAsync(HttpContext context) => Answers.WriteAsync(context, new JsonObject { ["status"] = "ok" });

    /// <summary><c>GET /readyz</c>: it answers requests for scores now; 503 where it stops.</summary>
    public static Task ReadyAsync(HttpContext context) => Serving(context).IsReady
        ? Answers.WriteAsync(context, new JsonObject { ["status"] = "ready" })
        : Answers.ErrorAsync(context, StatusCodes.Status503ServiceUnavailable, "The server stops; expected one that stays.");

    /// <summary><c>GET /v1/models</c>: names, artifacts and contexts.</summary>
    public static Task ModelsAsync(HttpContext context) => Scoring.WriteAsync(context, new { models = Serving(context).Models });

    /// <summary><c>GET /metrics</c>: Prometheus' text format.</summary>
    public static Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = ScoringMetrics.ContentType;
        return context.Response.WriteAsync(context.RequestServices.GetRequiredService<ScoringMetrics>().Write(), context.RequestAborted);
    }

    static IRewardServing Serving(HttpContext context) => context.RequestServices.GetRequiredService<IRewardServing>();
}
