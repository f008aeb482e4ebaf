using System.Data.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Access;
using Rlhf.Server.Elsa;

namespace Rlhf.Server.Hosting;

/// <summary>The one place where failures of requests become sentences and status codes.</summary>
static class Failures
{
    public static async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer.
        }
        catch (BadHttpRequestException e)
        {
            await AnswerAsync(context, e.StatusCode, $"{e.Message.TrimEnd('.')}; expected a body of at most {context.GetEndpoint()?.Metadata.GetMetadata<Route>()?.LongestBody ?? PagesServer.LongestBody} bytes.", e);
        }
        catch (ArgumentException e)
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest, e.Message, e);
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException && e.TargetSite?.DeclaringType?.Assembly.GetName().Name?.StartsWith("Rlhf.", StringComparison.Ordinal) == true)
        {
            await AnswerAsync(context, StatusCodes.Status409Conflict, e.Message, e);
        }
        catch (Exception e) when (e is DbException || e.InnerException is DbException)
        {
            context.RequestServices.GetRequiredService<Site>().Log($"The database cannot be used: {(e.InnerException ?? e).Message}");
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "The database cannot be used at the moment; try again.", e);
        }
        catch (Exception e)
        {
            context.RequestServices.GetRequiredService<Site>().Log($"{context.Request.Method} {context.Request.Path} failed: {e}");
            await AnswerAsync(context, StatusCodes.Status500InternalServerError, "The server failed; its log says why.", e);
        }
    }

    static async Task AnswerAsync(HttpContext context, int status, string sentence, Exception cause)
    {
        if (context.Response.HasStarted) throw new IOException("An answer broke off.", cause);
        await Answers.ErrorAsync(context, status, sentence, cause is FieldException { Name: var name } ? name : ElsaErrors.General);
    }
}
