using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Provenance;

public sealed class TransferTests : IDisposable
{
    readonly TemporaryStore _here = new();
    readonly TemporaryStore _there = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _here.Dispose();
        _there.Dispose();
    }

    [Fact]
    public async Task An_artifact_alone_goes_without_records_so_that_no_step_there_answers_with_what_is_missing()
    {
        var history = await SmallHistory.MakeAsync(_here.Objects, Token);

        var report = await new Transfer(_here.Objects, _there.Objects).CopyAsync(history.Policy, lineage: false, Token);

        Assert.Equal((1, 0), (report.Artifacts, report.Records));
        Assert.Empty(await _there.Artifacts.VerifyAsync(history.Policy, Token));
        Assert.Empty(await new StepRecords(_there.Objects).ListAsync(Token));
    }

    [Fact]
    public async Task With_its_lineage_everything_goes_and_a_second_time_nothing_is_left_to_copy()
    {
        var history = await SmallHistory.MakeAsync(_here.Objects, Token);

        await new Transfer(_here.Objects, _there.Objects).CopyAsync(history.SecondPolicy, lineage: true, Token);
        var again = await new Transfer(_here.Objects, _there.Objects).CopyAsync(history.SecondPolicy, lineage: true, Token);

        var steps = (await Lineage.ReadAsync(_there.Objects, Token)).Upstream(history.SecondPolicy);
        Assert.Equal(5, steps.Count);
        foreach (var artifact in steps.SelectMany(s => s.From.Concat(s.To))) Assert.Empty(await _there.Artifacts.VerifyAsync(artifact, Token));
        Assert.Equal(0, again.Bytes);
    }

    [Fact]
    public async Task A_file_that_was_changed_here_never_gets_its_name_there()
    {
        var artifact = await _here.Artifacts.PutAsync("policy", Some.Files(("a.txt", "right")), Token);
        File.WriteAllText(Assert.Single(_here.Files("blobs")), "wrong");

        await Assert.ThrowsAsync<InvalidDataException>(() => new Transfer(_here.Objects, _there.Objects).CopyAsync(artifact, lineage: false, Token));

        Assert.Empty(await _there.Artifacts.ListAsync(Token));
        Assert.Empty(_there.Files("blobs"));
    }
}
