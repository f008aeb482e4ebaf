using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Rlhf.Server.Access;
using Rlhf.Steps.Scoring;
using Route = Rlhf.Server.Access.Route;

namespace Rlhf.Server.Scoring;

/// <summary>Every route of a server of reward models; what is not here is not served.</summary>
static class ScoringRoutes
{
    public const string Document = "/openapi.json";

    public static void Map(IEndpointRouteBuilder endpoints, ScoringOptions options)
    {
        Describe<ScoreBody, ScoreAnswer>(Scores("/v1/score", ScoreApi.PostAsync), "Scores of completions by one or several reward models.");
        Describe<GetRewardBody, GetRewardAnswer>(Scores("/get_reward", TrainerApi.GetRewardAsync), "OpenRLHF's remote reward.");
        Describe<ClassifyBody, ClassifyAnswer>(Scores("/classify", TrainerApi.ClassifyAsync), "vLLM's classification, as verl's reward loop calls it.");
        Add(new("GET", "/v1/models", Permission.Operate, RouteTable.Scoring, StateApi.ModelsAsync)).WithMetadata(new EndpointSummaryAttribute("The models that are served."));
        Add(new("GET", "/healthz", Permission.Anyone, RouteTable.Common, StateApi.HealthAsync)).WithMetadata(new EndpointSummaryAttribute("Whether the server lives."));
        Add(new("GET", "/readyz", Permission.Anyone, RouteTable.Common, StateApi.ReadyAsync)).WithMetadata(new EndpointSummaryAttribute("Whether it can answer now."));
        Add(new("GET", "/metrics", Permission.Anyone, RouteTable.Common, StateApi.MetricsAsync)).WithMetadata(new EndpointSummaryAttribute("Counts and times in Prometheus' text format."));
        endpoints.MapOpenApi(Document).WithMetadata(new Route("GET", Document, Permission.Anyone, RouteTable.Common, _ => Task.CompletedTask));

        IEndpointConventionBuilder Scores(string pattern, RequestDelegate handle) =>
            Add(new("POST", pattern, Permission.Operate, RouteTable.Scoring, handle) { LongestBody = options.LongestBody });

        // The method is what the framework's description of endpoints looks for.
        IEndpointConventionBuilder Add(Route route) => endpoints.MapMethods(route.Pattern, [route.Method], route.Handle).WithMetadata(route, route.Handle.Method);
    }

    static void Describe<TBody, TAnswer>(IEndpointConventionBuilder endpoint, string summary) => endpoint.WithMetadata(
        new EndpointSummaryAttribute(summary), new AcceptsMetadata(["application/json"], typeof(TBody)),
        new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(TAnswer), ["application/json"]),
        Problem(StatusCodes.Status400BadRequest), Problem(StatusCodes.Status401Unauthorized), Problem(StatusCodes.Status403Forbidden), Problem(StatusCodes.Status404NotFound),
        Problem(StatusCodes.Status408RequestTimeout), Problem(StatusCodes.Status413PayloadTooLarge), Problem(StatusCodes.Status422UnprocessableEntity),
        Problem(StatusCodes.Status429TooManyRequests), Problem(StatusCodes.Status503ServiceUnavailable));

    static ProducesResponseTypeMetadata Problem(int status) => new(status, typeof(Microsoft.AspNetCore.Mvc.ProblemDetails), ["application/problem+json"]);
}
