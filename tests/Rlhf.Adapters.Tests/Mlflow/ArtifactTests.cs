using Rlhf.Adapters.Mlflow;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow;

public class ArtifactTests
{
    const string Root = "mlflow-artifacts:/1/0f3a/artifacts";

    static CancellationToken Token => TestContext.Current.CancellationToken;

    static MemoryStream Bytes(string text) => new(System.Text.Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("card.md")]
    [InlineData("d é/a b.json")]
    [InlineData("a+b&c=d?e;f@g:h,i.txt")]
    [InlineData("日本/😀.bin")]
    [InlineData("...")]
    [InlineData("a..b/.hidden")]
    public async Task A_file_comes_back_under_its_name_whatever_it_is(string path)
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);

        await client.PutArtifactAsync(Root, path, Bytes("content"), "text/plain", Token);

        Assert.Equal("1/0f3a/artifacts/" + path, stub.Files.Single().Key);
        Assert.Equal(Bytes("content").ToArray(), await client.ReadArtifactAsync(Root, path, Token));
        var folder = path.Contains('/') ? path[..path.LastIndexOf('/')] : "";
        Assert.Equal(path[(path.LastIndexOf('/') + 1)..], Assert.Single(await client.ListProxyAsync(Root, folder, Token)).Path);
        await client.DeleteArtifactAsync(Root, path, Token);
        await client.DeleteArtifactAsync(Root, path, Token);
        Assert.Empty(stub.Files);
    }

    [Theory]
    [InlineData(Root, "")]
    [InlineData(Root, "../x")]
    [InlineData(Root, "a/../../x")]
    [InlineData(Root, "/x")]
    [InlineData(Root, "a//b")]
    [InlineData(Root, "a/")]
    [InlineData(Root, "%2e%2e/x")]
    [InlineData(Root, "50%.txt")]
    [InlineData(Root, "a#b")]
    [InlineData(Root, "a\\b")]
    [InlineData(Root, "C:x")]
    [InlineData("mlflow-artifacts:/1/../2", "x")]
    [InlineData("s3://bucket/a", "x")]
    [InlineData("file:///srv", "x")]
    [InlineData("mlflow-artifacts://elsewhere:5000/1", "x")]
    public async Task A_path_that_would_be_another_and_a_place_behind_no_proxy_are_refused(string root, string path)
    {
        using var client = Clients.For("http://127.0.0.1:9");

        await Assert.ThrowsAsync<ArgumentException>(() => client.PutArtifactAsync(root, path, Bytes("x"), cancellationToken: Token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.ReadArtifactAsync(root, path, Token));
    }

    [Fact]
    public async Task A_uri_that_names_this_server_itself_is_behind_its_proxy()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);

        await client.PutArtifactAsync($"mlflow-artifacts://{new Uri(stub.Address).Authority}/1/r", "x", Bytes("x"), cancellationToken: Token);

        Assert.Equal("1/r/x", stub.Files.Single().Key);
    }

    [Fact]
    public async Task A_run_s_files_are_listed_with_paths_from_its_root()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var experiment = await client.EnsureExperimentAsync("e", cancellationToken: Token);
        var run = (await client.CreateRunAsync(new() { ExperimentId = experiment.ExperimentId, StartTime = 1 }, Token)).Info;
        await client.PutArtifactAsync(run.ArtifactUri, "report/card.md", Bytes("card"), cancellationToken: Token);

        var root = await client.ListArtifactsAsync(run.RunId, cancellationToken: Token);
        var folder = await client.ListArtifactsAsync(run.RunId, "report", Token);

        Assert.Equal(run.ArtifactUri, root.RootUri);
        Assert.Equal(new MlflowArtifact { Path = "report", IsDir = true }, root.Files.Single());
        Assert.Equal(new MlflowArtifact { Path = "report/card.md", FileSize = 4 }, folder.Files.Single());
    }

    [Theory]
    [InlineData(false, 404)]
    [InlineData(true, 500)]
    public async Task A_file_that_is_not_there_is_missing_at_once_with_either_server(bool missingIs500, int status)
    {
        await using var stub = await StubMlflow.StartAsync();
        stub.MissingFileIs500 = missingIs500;
        using var client = Clients.For(stub.Address);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.ReadArtifactAsync(Root, "report/none.md", Token));

        Assert.Equal((MlflowErrors.DoesNotExist, status, true), (e.ErrorCode, (int)e.Status!, e.Permanent));
        Assert.Single(stub.Requests, r => r.Path.EndsWith("none.md", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_500_for_a_file_that_is_there_is_tried_again()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        await client.PutArtifactAsync(Root, "a/x", Bytes("x"), cancellationToken: Token);
        var left = 2;
        stub.Faults = context => context.Request.Path.Value!.EndsWith("/x", StringComparison.Ordinal) && left-- > 0 ? new Fault.Refuse(500) : null;

        Assert.Equal(Bytes("x").ToArray(), await client.ReadArtifactAsync(Root, "a/x", Token));
    }

    [Fact]
    public async Task A_page_is_a_file_when_it_is_attached_and_a_login_when_it_is_not()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        stub.Faults = _ => new Fault.Refuse(200, "<html>Log in</html>");

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.ReadArtifactAsync(Root, "x.html", Token));
        var put = await Assert.ThrowsAsync<MlflowException>(() => client.PutArtifactAsync(Root, "x.html", Bytes("x"), cancellationToken: Token));

        Assert.Equal((MlflowErrors.NotMlflow, MlflowErrors.NotMlflow), (e.ErrorCode, put.ErrorCode));
    }

    [Fact]
    public async Task A_download_that_breaks_off_begins_anew_where_the_destination_stood()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var content = new byte[300_000];
        for (var i = 0; i < content.Length; i++) content[i] = (byte)(i * 31);
        var source = new MemoryStream([1, 2, .. content]) { Position = 2 };
        var put = 0;
        stub.Faults = _ => put++ == 0 ? new Fault.ResetAfter() : null;
        await client.PutArtifactAsync(Root, "big", source, cancellationToken: Token);
        var left = 2;
        stub.Faults = _ => left-- > 0 ? new Fault.Truncate() : null;
        var destination = new MemoryStream();
        destination.Write([9, 9, 9]);

        await client.DownloadArtifactAsync(Root, "big", destination, Token);

        Assert.Equal([9, 9, 9, .. content], destination.ToArray());
        Assert.True(source.CanRead);
    }

    [Fact]
    public async Task Trouble_with_the_destination_is_not_taken_for_the_server_s()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        await client.PutArtifactAsync(Root, "x", Bytes("x"), cancellationToken: Token);

        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => client.DownloadArtifactAsync(Root, "x", new FullDisk(), Token));

        Assert.Contains("no space", e.Message);
        Assert.Single(stub.Requests, r => r.Method == "GET");
    }

    sealed class FullDisk : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("no space");
    }
}
