using System.Globalization;
using Microsoft.AspNetCore.Http;
using Rlhf.Steps.Scoring;

namespace Rlhf.Server.Scoring;

/// <summary>Why a request for scores gets none, as a status and a problem document; never a number.</summary>
static class ScoringFailures
{
    public static async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (ScoringRefusedException e) when (!context.Response.HasStarted)
        {
            if (e.RetryAfter is { } wait) context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            if (e.Reason == ScoringRefusal.Stopping) context.Response.Headers.RetryAfter = "1";
            await Problems.WriteAsync(context, StatusOf(e.Reason), e.Message, KindOf(e.Reason));
        }
    }

    static int StatusOf(ScoringRefusal reason) => reason switch
    {
        ScoringRefusal.UnknownModel => StatusCodes.Status404NotFound,
        ScoringRefusal.Busy => StatusCodes.Status429TooManyRequests,
        ScoringRefusal.TooLate => StatusCodes.Status408RequestTimeout,
        ScoringRefusal.Stopping => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status422UnprocessableEntity,
    };

    static string KindOf(ScoringRefusal reason) => reason switch
    {
        ScoringRefusal.UnknownModel => "unknown-model",
        ScoringRefusal.Busy => "busy",
        ScoringRefusal.TooLate => "too-late",
        ScoringRefusal.Stopping => "stopping",
        ScoringRefusal.NotFinite => "not-finite",
        _ => "unscorable",
    };
}
