using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using Rlhf.Adapters.Blob;
using Rlhf.Steps.Artifacts;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Blob;

public sealed class BlobSettingsTests
{
    const string Connection = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Nothing_set_is_no_container()
    {
        Assert.Null(BlobSettings.FromEnvironment(_ => null));
        Assert.Null(BlobSettings.FromEnvironment(_ => ""));
    }

    [Theory]
    [InlineData(Connection, "runs", "https://acc.blob.core.windows.net/runs", "")]
    [InlineData(Connection, "runs/team/a", "https://acc.blob.core.windows.net/runs", "team/a/")]
    [InlineData("UseDevelopmentStorage=true", "runs", "http://127.0.0.1:10000/devstoreaccount1/runs", "")]
    [InlineData("BlobEndpoint=https://acc.blob.core.windows.net/;SharedAccessSignature=sv=2024&sp=r&sig=c2VjcmV0", "runs", "https://acc.blob.core.windows.net/runs", "")]
    [InlineData("https://acc.blob.core.windows.net/runs", null, "https://acc.blob.core.windows.net/runs", "")]
    [InlineData("https://acc.blob.core.windows.net/runs/", "runs", "https://acc.blob.core.windows.net/runs", "")]
    [InlineData("https://acc.blob.core.windows.net/runs/team/a?sv=2024-01-01&sp=rw&sig=c2VjcmV0", null, "https://acc.blob.core.windows.net/runs", "team/a/")]
    [InlineData("http://127.0.0.1:10000/devstoreaccount1/runs/team?sv=2024-01-01&sp=rw&sig=c2VjcmV0", null, "http://127.0.0.1:10000/devstoreaccount1/runs", "team/")]
    public void Every_form_names_container_and_folder_and_shows_no_secret(string blob, string? container, string address, string prefix)
    {
        var settings = SomeBlobs.Settings(blob, container);

        Assert.Equal((address, "runs", prefix), (settings.Address, settings.Container, settings.Prefix));
        Assert.Equal($"{address}{(prefix.Length > 0 ? "/" : "")}{prefix}", settings.ToString());
    }

    [Theory]
    [InlineData(null, "runs", "RLHF_BLOB is not set")]
    [InlineData(Connection, null, "set RLHF_BLOB_CONTAINER")]
    [InlineData(Connection, "Runs", "expected 3 to 63 lowercase letters")]
    [InlineData(Connection, "a--b", "expected 3 to 63 lowercase letters")]
    [InlineData(Connection, "runs/../b", "separated by single slashes")]
    [InlineData("AccountKey=c2VjcmV0", "runs", "is no connection string and no container URL")]
    [InlineData("DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=c2Vjc!mV0;EndpointSuffix=core.windows.net", "runs", "is no connection string and no container URL")]
    [InlineData("c2VjcmV0", "runs", "is no connection string and no container URL")]
    [InlineData("ftp://acc/runs", null, "is no container URL")]
    [InlineData("https://acc.blob.core.windows.net", null, "names no container")]
    [InlineData("http://127.0.0.1:10000/devstoreaccount1?sig=c2VjcmV0", null, "names no container")]
    [InlineData("https://acc.blob.core.windows.net/runs", "other", "set one of them only")]
    [InlineData("https://acc.blob.core.windows.net/runs?sv=2024-01-01", null, "has no sig")]
    [InlineData("https://user:c2VjcmV0@acc.blob.core.windows.net/runs", null, "before its host")]
    [InlineData("http://acc.blob.core.windows.net/runs", null, "expected https")]
    public void A_malformed_value_is_named_without_its_secret(string? blob, string? container, string expected)
    {
        var error = Assert.Throws<ArgumentException>(() => SomeBlobs.Settings(blob, container));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2Vjc", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_container_is_named_and_not_made_but_on_request()
    {
        var blobs = SomeBlobs.Missing();
        Func<Task>[] calls =
        [
            () => blobs.Store().CheckAsync(Token), () => blobs.Store().TryCreateAsync("a/b", [1], Token), () => blobs.Store().TryCreateAsync("a/b", new byte[5000], Token),
            () => blobs.Store().OpenAsync("a/b", Token), () => blobs.Store().EntriesAsync("a/", Token), () => blobs.Store().DeleteAsync("a/b", Token),
        ];

        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<IOException>(call);
            Assert.Contains($"there is no such container; create it (az storage container create --name {blobs.Container.Name})", error.Message, StringComparison.Ordinal);
        }
        await BlobObjectStore.OpenAsync(blobs.Settings(), TimeProvider.System, null, null, create: true, Token);
        Assert.True(await blobs.Store().TryCreateAsync("a/b", [1], Token));
    }

    [Fact]
    public async Task A_container_url_with_a_sas_is_enough()
    {
        var blobs = await SomeBlobs.NewAsync();
        var sas = blobs.Container.GenerateSasUri(BlobContainerSasPermissions.All, TimeProvider.System.GetUtcNow().AddHours(1));
        var store = await BlobObjectStore.OpenAsync(SomeBlobs.Settings(sas.ToString(), null), TimeProvider.System, SomeBlobs.Small, null, create: false, Token);

        await store.TryCreateAsync("a/b", SomeBlobs.Bytes(5000), Token);
        await store.TryCreateAsync("a/b", SomeBlobs.Bytes(5000), Token);

        Assert.Equal(SomeBlobs.Bytes(5000), await store.ReadAsync("a/b", Token));
        Assert.Equal(["a/b"], await store.ListAsync("a/", Token));
    }

    [Fact]
    public async Task Refused_credentials_are_named_and_not_shown()
    {
        var blobs = await SomeBlobs.NewAsync();
        var key = Convert.ToBase64String(new byte[64]);
        var wrongKey = blobs.ConnectionString.Replace(AzuriteServer.Key, key, StringComparison.Ordinal);
        var expired = blobs.Container.GenerateSasUri(BlobContainerSasPermissions.All, TimeProvider.System.GetUtcNow().AddHours(-1));
        var signature = Uri.EscapeDataString(new BlobUriBuilder(expired).Sas.Signature);

        var errors = new[]
        {
            await Assert.ThrowsAsync<IOException>(() => Store(wrongKey, blobs.Container.Name).CheckAsync(Token)),
            await Assert.ThrowsAsync<IOException>(() => Store(expired.ToString(), null).TryCreateAsync("a/b", [1], Token)),
        };

        Assert.All(errors, e => Assert.Contains("refused the credentials (403 Auth", e.Message, StringComparison.Ordinal));
        Assert.All(errors, e => Assert.DoesNotContain(key, e.ToString(), StringComparison.Ordinal));
        Assert.All(errors, e => Assert.DoesNotContain(signature, e.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_that_cannot_be_reached_is_named()
    {
        var nobody = Store("BlobEndpoint=http://127.0.0.1:1/acc;AccountName=acc;AccountKey=c2VjcmV0", "runs");

        var error = await Assert.ThrowsAsync<IOException>(() => nobody.OpenAsync("a/b", Token));

        Assert.Contains("'a/b' in the container http://127.0.0.1:1/acc/runs could not be reached: Connection refused", error.Message, StringComparison.Ordinal);
    }

    static BlobObjectStore Store(string blob, string? container) => new(SomeBlobs.Settings(blob, container), TimeProvider.System, SomeBlobs.Small);
}
