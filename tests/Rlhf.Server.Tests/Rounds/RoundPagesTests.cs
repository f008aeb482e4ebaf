using System.Net;
using Rlhf.Reports.Pages;
using Rlhf.Reports.Tests.Support;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Tests.Rounds;

/// <summary>A round's page and its report, from what the store has.</summary>
public sealed class RoundPagesTests
{
    const string Flow = "one-pause";

    /// <summary>An instance that waits, and has trained for as many updates.</summary>
    internal static async Task<(string Instance, ReportRound.Inputs Inputs)> TrainedAsync(Place place, int updates)
    {
        Directory.CreateDirectory(place.Workflows);
        var file = Path.Combine(place.Workflows, $"{Flow}.json");
        await File.WriteAllTextAsync(file, SomeFlow.Of(Flow, SomeFlow.Wait()));
        await place.Runtime.PublishAsync(file);
        var instance = await place.StartAsync(Flow);
        await TrainedAsync(place, instance, updates);
        return (instance, SomeRound.Inputs(1));
    }

    /// <summary>The same instance has trained on.</summary>
    internal static async Task TrainedAsync(Place place, string instance, int updates)
    {
        var objects = place.Runtime.Objects;
        var journal = new MetricJournal(TimeProvider.System);
        for (var update = 1; update <= updates; update++) journal.Log(update, new Dictionary<string, double> { ["objective/kl"] = update, ["objective/score"] = 0.1 * update });
        var bytes = JsonLines.Serialize(journal.Lines);
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        await objects.TryCreateAsync($"journals/{hash}.jsonl", bytes, default);
        foreach (var record in SomeRound.Records(1))
            await new StepRecords(objects).CommitAsync(record with { Key = $"{record.Key}-{updates}", Instance = instance, Journal = record.Key == "ppo1" ? new(hash, journal.Lines.Count) : null }, default);
    }

    /// <summary>The same instance reports its round.</summary>
    internal static async Task ReportAsync(Place place, string instance)
    {
        var report = await new ArtifactStore(place.Runtime.Objects).PutAsync(
            RoundReport.Kind, new Dictionary<string, byte[]> { [RoundReport.File] = CanonicalJson.Serialize(SomeRound.Of().Report) }, default);
        await new StepRecords(place.Runtime.Objects).CommitAsync(
            SomeRound.Record("reported", nameof(ReportRound), instance, 9, SomeRound.Inputs(1), new { report }) with { StepVersion = 3 }, default);
    }

    [Fact]
    public async Task A_round_shows_its_curves_while_it_goes_and_leads_to_its_report_when_there_is_one()
    {
        await using var place = await Place.OpenAsync();
        var (instance, _) = await TrainedAsync(place, updates: 3);

        var before = await place.SendAsync("GET", $"/rounds/{instance}");
        var picture = await place.SendAsync("GET", $"/rounds/{instance}/figures/ppo-kl.svg");
        var numbers = await place.SendAsync("GET", $"/rounds/{instance}/figures/ppo-kl.csv");
        var early = await place.SendAsync("GET", $"/rounds/{instance}/report");
        await ReportAsync(place, instance);
        await Task.Delay(1100); // the store is asked once a second
        var after = await place.SendAsync("GET", $"/rounds/{instance}/now");
        using var report = await place.RawAsync(new(HttpMethod.Get, $"/rounds/{instance}/report"));
        var page = await report.Content.ReadAsStringAsync();

        Assert.Contains("PPO, to update 3", before.Text, StringComparison.Ordinal);
        Assert.Contains("figures/ppo-score.svg?update=3", before.Text, StringComparison.Ordinal);
        Assert.Contains("KL (nats a sequence)", picture.Text, StringComparison.Ordinal);
        Assert.Equal("training,metric,update,value\nKL,objective/kl,1,1\nKL,objective/kl,2,2\nKL,objective/kl,3,3\n", numbers.Text);
        Assert.Equal((HttpStatusCode.NotFound, $"Instance '{instance}' has reported no round."), (early.Status, early.Error));
        Assert.Contains("The gate says: promote (simulated)", after.Text, StringComparison.Ordinal);
        Assert.Equal($"{Document.ContentPolicy}; frame-ancestors 'none'", report.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains("Promote the challenger", page, StringComparison.Ordinal);
        Assert.Contains("preferences/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff is not in this store.", page, StringComparison.Ordinal);
        Assert.Contains("2026-01-01 00:00 UTC", page, StringComparison.Ordinal);
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task Rounds_are_listed_by_campaign_and_what_is_not_there_is_said()
    {
        await using var place = await Place.OpenAsync();
        var none = await place.SendAsync("GET", "/rounds");
        var (instance, inputs) = await TrainedAsync(place, updates: 1);
        await ReportAsync(place, instance);
        await Task.Delay(1100);

        var list = await place.SendAsync("GET", "/rounds");
        var campaign = await place.SendAsync("GET", $"/campaigns/{inputs.Campaign}");

        Assert.Contains("None was reported yet", none.Text, StringComparison.Ordinal);
        Assert.Contains($"/rounds/{instance}/report", list.Text, StringComparison.Ordinal);
        Assert.Contains($"/campaigns/{inputs.Campaign}", list.Text, StringComparison.Ordinal);
        Assert.Contains($"<h1>Campaign {inputs.Campaign}</h1>", campaign.Text, StringComparison.Ordinal);
        Assert.Equal("There is no instance 'nothing'.", (await place.SendAsync("GET", "/rounds/nothing")).Error);
        Assert.Equal("There is no instance 'nothing'.", (await place.SendAsync("GET", "/rounds/nothing/now")).Error);
        Assert.Equal("No round of a campaign 'nothing' was reported.", (await place.SendAsync("GET", "/campaigns/nothing")).Error);
        Assert.Equal($"The training of instance '{instance}' has no figure 'other.svg'.", (await place.SendAsync("GET", $"/rounds/{instance}/figures/other.svg")).Error);
    }
}
