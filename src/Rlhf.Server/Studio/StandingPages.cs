using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime;
using Rlhf.Runtime.Labeling;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Lint;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;

namespace Rlhf.Server.Studio;

/// <summary>How an instance stands: what runs and how far, which people are waited for, what failed.</summary>
public sealed record InstanceState(InstanceDetails Details, IReadOnlyList<PeopleWait> People);

/// <summary>How a definition stands: its newest version, and what the lint says of it.</summary>
public sealed record DefinitionState(WorkflowVersion Version, IReadOnlyList<Finding> Findings);

/// <summary>
/// What stands above Studio's editor and viewer, which have no place for it: the state as this server knows it, shown once with the page and asked for again by
/// it; and the buttons that Studio's elements lack.
/// </summary>
static class StandingPages
{
    /// <summary>Null where there is no such instance.</summary>
    public static async Task<InstanceState?> InstanceAsync(HttpContext context, string id)
    {
        var runtime = RuntimeOf(context);
        if (await runtime.FindAsync(id, context.RequestAborted) is null) return null;
        return new(await runtime.GetAsync(id, context.RequestAborted), await runtime.PeopleAsync(id, context.RequestAborted));
    }

    /// <summary>Null where there is no such definition.</summary>
    public static async Task<DefinitionState?> DefinitionAsync(HttpContext context, string id)
    {
        var library = RuntimeOf(context).Library;
        return await library.GetAsync(id, VersionOptions.Latest, context.RequestAborted) is { } version ? new(version, library.Lint(version)) : null;
    }

    public static async Task OfInstanceAsync(HttpContext context) =>
        await WriteAsync<InstanceStanding>(context, await InstanceAsync(context, IdOf(context)), nameof(InstanceStanding.State), $"There is no instance '{IdOf(context)}'.");

    public static async Task OfDefinitionAsync(HttpContext context) =>
        await WriteAsync<DefinitionStanding>(context, await DefinitionAsync(context, IdOf(context)), nameof(DefinitionStanding.State), $"There is no workflow '{IdOf(context)}'.");

    public static Task RetryAsync(HttpContext context) => DoAsync(context, (runtime, id) => runtime.RetryAsync(id, cancellationToken: context.RequestAborted));

    public static Task CancelAsync(HttpContext context) => DoAsync(context, (runtime, id) => runtime.CancelAsync(id, context.RequestAborted));

    static async Task DoAsync(HttpContext context, Func<WorkflowRuntime, string, Task> act)
    {
        string? error = null;
        try
        {
            await act(RuntimeOf(context), IdOf(context));
        }
        catch (ArgumentException e)
        {
            // It is in no state for that, or no longer: the page says which it is in.
            error = e.Message;
        }
        if (error is not null)
        {
            await StudioPages.ShowInstanceAsync(context, error);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = StudioPages.InstanceAt(IdOf(context));
    }

    static Task WriteAsync<TStanding>(HttpContext context, object? state, string parameter, string nothing) where TStanding : IComponent =>
        state is null ? Answers.ErrorAsync(context, StatusCodes.Status404NotFound, nothing) : Html.WriteAsync<TStanding>(context, new() { [parameter] = state });

    static string IdOf(HttpContext context) => $"{context.Request.RouteValues["id"]}";

    static WorkflowRuntime RuntimeOf(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime;
}
