using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Reports.Comparing;
using Rlhf.Reports.Pages;
using Rlhf.Reports.Rounds;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.Pages;
using Rlhf.Server.Studio;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Server.Rounds;

/// <summary><c>/rounds</c>: rounds that were reported, each instance as it goes, and the reports.</summary>
static class RoundPages
{
    public const string All = "/rounds", Campaigns = "/campaigns";

    /// <summary>What a report's document may do where it comes from a server, too.</summary>
    static readonly string OfReport = $"{Document.ContentPolicy}; frame-ancestors 'none'";

    public static string At(string instance) => $"{All}/{Uri.EscapeDataString(instance)}";

    public static async Task ListAsync(HttpContext context)
    {
        var rounds = ReportedRounds.Of(ArtifactsOf(context), await WatchOf(context).RecordsAsync(context.RequestAborted));
        await ShowAsync<RoundsPage>(context, new() { [nameof(RoundsPage.Rounds)] = rounds.All.Reverse().DistinctBy(r => (r.Inputs.Campaign, r.Inputs.Round)).ToList() });
    }

    public static async Task ShowAsync(HttpContext context)
    {
        var (id, site) = (IdOf(context), context.RequestServices.GetRequiredService<Site>());
        if (await site.Runtime.FindAsync(id) is null && ReportedRounds.Of(ArtifactsOf(context), await WatchOf(context).RecordsAsync(context.RequestAborted)).All.Any(r => r.Instance == id))
        {
            // Another engine ran it over this store: Studio shows it where it is the Elsa server's, and the report is here in any case.
            context.Response.Redirect(site.Options.Elsa is null ? $"{At(id)}/report" : StudioPages.InstanceAt(id));
            return;
        }
        if (await StateAsync(context) is not { } round) return;
        await ShowAsync<RoundPage>(context, new() { [nameof(RoundPage.Round)] = round, [nameof(RoundPage.InStudio)] = site.Options.Elsa is null });
    }

    /// <summary>The part of the page that changes.</summary>
    public static async Task NowAsync(HttpContext context)
    {
        if (await StateAsync(context) is { } round) await Html.WriteAsync<RoundNow>(context, new() { [nameof(RoundNow.Round)] = round });
    }

    /// <summary>A figure of the training, <c>name.svg</c>, or the numbers behind it, <c>name.csv</c>.</summary>
    public static async Task FigureAsync(HttpContext context)
    {
        var (id, file) = (IdOf(context), $"{context.Request.RouteValues["file"]}");
        var training = await WatchOf(context).TrainingAsync(id, context.RequestAborted);
        var figure = training is null ? null : TrainingCurves.Figures(training.Curves).FirstOrDefault(f => file == $"{f.Name}.svg" || file == $"{f.Name}.csv");
        if (figure is null)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"The training of instance '{Labeling.Texts.Short(id)}' has no figure '{Labeling.Texts.Short(file)}'.");
            return;
        }
        var isPicture = file.EndsWith(".svg", StringComparison.Ordinal);
        context.Response.ContentType = isPicture ? "image/svg+xml; charset=utf-8" : "text/csv; charset=utf-8";
        if (!isPicture) context.Response.Headers.ContentDisposition = $"attachment; filename=\"{figure.Name}.csv\"";
        // A picture by itself may load nothing, and styles itself only.
        if (isPicture) context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(isPicture ? figure.Svg : figure.Numbers!), context.RequestAborted);
    }

    /// <summary>The report of the round that an instance reported, with how long its steps took.</summary>
    public static async Task ReportAsync(HttpContext context)
    {
        var rounds = ReportedRounds.Of(ArtifactsOf(context), await WatchOf(context).RecordsAsync(context.RequestAborted));
        if (rounds.All.FirstOrDefault(r => r.Instance == IdOf(context)) is not { } round)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"Instance '{Labeling.Texts.Short(IdOf(context))}' has reported no round.");
            return;
        }
        await DocumentAsync(context, async () =>
        {
            var material = await rounds.MaterialAsync(round, context.RequestAborted);
            return RoundDocument.Write(material, StepTime.Of(material.Lineage));
        });
    }

    /// <summary>All rounds of a campaign over each other.</summary>
    public static async Task CampaignAsync(HttpContext context)
    {
        var rounds = ReportedRounds.Of(ArtifactsOf(context), await WatchOf(context).RecordsAsync(context.RequestAborted));
        var found = rounds.All.Where(r => r.Inputs.Campaign == IdOf(context)).DistinctBy(r => r.Inputs.Round).OrderBy(r => r.Inputs.Round).ToList();
        if (found.Count == 0)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"No round of a campaign '{Labeling.Texts.Short(IdOf(context))}' was reported.");
            return;
        }
        await DocumentAsync(context, async () =>
        {
            var materials = new List<RoundMaterial>();
            foreach (var round in found) materials.Add(await rounds.MaterialAsync(round, context.RequestAborted));
            return RoundsDocument.Write($"Campaign {IdOf(context)}", materials);
        });
    }

    static async Task DocumentAsync(HttpContext context, Func<Task<byte[]>> write)
    {
        byte[] page;
        try
        {
            page = await write();
        }
        catch (ArtifactNotFoundException e)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, e.Message);
            return;
        }
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = OfReport;
        await context.Response.Body.WriteAsync(page, context.RequestAborted);
    }

    /// <summary>Null where there is no such instance, which is then said.</summary>
    static async Task<RoundState?> StateAsync(HttpContext context)
    {
        var (id, runtime) = (IdOf(context), context.RequestServices.GetRequiredService<Site>().Runtime);
        if (await StandingPages.InstanceAsync(context, id) is not { } state)
        {
            await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"There is no instance '{Labeling.Texts.Short(id)}'.");
            return null;
        }
        var report = ReportedRounds.Of(ArtifactsOf(context), await WatchOf(context).RecordsAsync(context.RequestAborted)).All.FirstOrDefault(r => r.Instance == id);
        var decision = report is null ? null : (await ArtifactsOf(context).ReadJsonAsync<RoundReport>(report.Report, RoundReport.File, context.RequestAborted)).Decision;
        return new(
            state, FinishedStep.Of(await runtime.LogAsync(id, context.RequestAborted)), await WatchOf(context).TrainingAsync(id, context.RequestAborted), report, decision?.Outcome,
            decision?.Verdict.Simulated == true, [.. (await runtime.ListAsync(new() { Parent = id }, context.RequestAborted)).Select(i => i.Id).Reverse()]);
    }

    static Task ShowAsync<TPage>(HttpContext context, Dictionary<string, object?> parameters) where TPage : Microsoft.AspNetCore.Components.IComponent
    {
        var (site, caller) = (context.RequestServices.GetRequiredService<Site>(), Caller.Of(context)!);
        (parameters["Name"], parameters["IsLocal"], parameters["Token"], parameters["HasPromotions"]) = (caller.Name, caller.IsLocal, Cookies.Token(context, site), site.Options.Promotions is not null);
        return Html.WriteAsync<TPage>(context, parameters);
    }

    static string IdOf(HttpContext context) => $"{context.Request.RouteValues["id"]}";

    static StoreWatch WatchOf(HttpContext context) => context.RequestServices.GetRequiredService<StoreWatch>();

    static ArtifactStore ArtifactsOf(HttpContext context) => new(context.RequestServices.GetRequiredService<Site>().Runtime.Objects);
}
