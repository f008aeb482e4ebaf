using Microsoft.Extensions.Time.Testing;
using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>One run that the server or a rule of its fields refuses, among others that it takes.</summary>
public sealed class RefusalTests : IAsyncLifetime
{
    const string Refused = """{"error_code":"INVALID_PARAMETER_VALUE","message":"so"}""";

    readonly FakeTimeProvider _time = new(SomeStore.Start.AddDays(1));
    StubMlflow _mlflow = null!;
    SomeStore _store = null!;
    MlflowClient _client = null!;
    TrackingDelivery _delivery = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _mlflow = await StubMlflow.StartAsync();
        _store = await SomeStore.WithRoundsAsync();
        _client = Clients.For(_mlflow.Address, Clients.Patient(retries: 1));
        _delivery = new(_store.Objects, _client, new(), _time);
    }

    public async ValueTask DisposeAsync()
    {
        _delivery.Dispose();
        _client.Dispose();
        await _mlflow.DisposeAsync();
    }

    void FaultAt(string route, Fault fault) => _mlflow.Faults = context => context.Request.Path.Value!.EndsWith(route, StringComparison.Ordinal) ? fault : null;

    [Fact]
    public async Task What_is_refused_for_good_is_told_with_each_delivery_and_asked_for_again_only_after_a_while()
    {
        FaultAt("runs/log-inputs", new Fault.Refuse(400, Refused));
        var first = await _delivery.DeliverAsync(Token);
        var requests = _mlflow.Requests.Count;

        var second = await _delivery.DeliverAsync(Token);
        var quiet = _mlflow.Requests.Count - requests;
        _mlflow.Faults = _ => null;
        _time.Advance(TimeSpan.FromMinutes(11));
        var later = await _delivery.DeliverAsync(Token);

        Assert.NotEmpty(first.Troubles);
        Assert.Equal(first.Troubles.Order(StringComparer.Ordinal), second.Troubles.Order(StringComparer.Ordinal));
        Assert.Equal(0, quiet);
        Assert.True(later.Complete, string.Join(' ', later.Troubles));
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task A_repair_asks_for_it_at_once()
    {
        FaultAt("runs/log-inputs", new Fault.Refuse(400, Refused));
        await _delivery.DeliverAsync(Token);

        _mlflow.Faults = _ => null;
        var repair = await _delivery.RepairAsync(Token);

        Assert.True(repair.Complete, string.Join(' ', repair.Troubles));
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task A_run_for_which_the_server_always_fails_keeps_no_other_from_being_delivered()
    {
        _mlflow.Faults = context => _mlflow.Runs.FirstOrDefault(r => r.Tags.GetValueOrDefault("rlhf.instance") == SomeStore.Instance(1)) is { } first
            && context.Request.Path.Value!.Contains(first.Id, StringComparison.Ordinal) ? new Fault.Refuse(500) : null;

        var failure = await Assert.ThrowsAsync<MlflowException>(() => _delivery.DeliverAsync(Token));
        var others = _mlflow.Runs.Count(r => r.Tags.ContainsKey("rlhf.step_key"));
        var versions = _mlflow.Models.Sum(m => m.Versions.Count);
        _mlflow.Faults = _ => null;
        var report = await _delivery.DeliverAsync(Token);

        Assert.Equal(500, (int)failure.Status!);
        Assert.Equal((7, 5), (others, versions));
        Assert.True(report.Complete, string.Join(' ', report.Troubles));
        Assert.True((await _delivery.StatusAsync(Token)).Clean);
    }

    [Fact]
    public async Task A_server_that_fails_for_every_run_is_left_alone_after_two()
    {
        FaultAt("runs/create", new Fault.Refuse(500));

        await Assert.ThrowsAsync<MlflowException>(() => _delivery.DeliverAsync(Token));

        // Four tries for each: a run may have been created all the same and is looked for in between.
        Assert.Equal(8, _mlflow.Requests.Count(r => r.Path.EndsWith("runs/create", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_delivery_that_is_cancelled_gives_its_place_back_at_once()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _mlflow.Faults = context =>
        {
            if (!context.Request.Path.Value!.EndsWith("runs/log-batch", StringComparison.Ordinal)) return null;
            cancel.Cancel();
            return new Fault.HangAfter();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _delivery.DeliverAsync(cancel.Token));

        _mlflow.Faults = _ => null;
        using var other = new TrackingDelivery(_store.Objects, _client, new(), _time);
        var report = await other.DeliverAsync(Token);

        Assert.True(report.Complete, string.Join(' ', report.Troubles.Concat(report.HeldByOthers)));
        Assert.True((await other.StatusAsync(Token)).Clean);
    }
}
