using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Provenance;

namespace Rlhf.Steps.Tests.Promotions;

public sealed class KeysAndRulesTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    PromotionKeys Keys(ISigner? named = null, TrustedKeys? trusted = null) => new(_folder, () => named, () => trusted ?? new());

    [Fact]
    public async Task The_sandboxs_own_key_is_made_once_and_only_its_owner_reads_it()
    {
        var signers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => Keys().SignerAsync("sandbox", Token))));

        Assert.Single(signers.Select(s => s.KeyId).Distinct());
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "keys", "promotions.pem")));
        Assert.Null((await Keys().TrustedAsync("sandbox", Token)).WhatIsWrong([1], new(signers[0].KeyId, "", Convert.ToBase64String(await signers[1].SignAsync([1], Token)))));
    }

    [Fact]
    public async Task The_sandboxs_own_key_is_trusted_nowhere_else()
    {
        await Keys().SignerAsync("sandbox", Token);

        Assert.Empty((await Keys().TrustedAsync("prod", Token)).KeyIds);
        Assert.Contains("'prod' are signed with a key of yours", (await Assert.ThrowsAsync<InvalidDataException>(() => Keys().SignerAsync("prod", Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_key_signs_everywhere_and_named_public_keys_are_trusted_beside_it()
    {
        using var named = EcdsaSigner.Parse(EcdsaSigner.NewPem(), "a");
        using var other = EcdsaSigner.Parse(EcdsaSigner.NewPem(), "b");
        var keys = Keys(named, new(other.PublicKeyPem));

        Assert.Equal((named.KeyId, named.KeyId), ((await keys.SignerAsync("prod", Token)).KeyId, (await keys.SignerAsync("sandbox", Token)).KeyId));
        Assert.Equal(new[] { named.KeyId, other.KeyId }.Order(StringComparer.Ordinal), (await keys.TrustedAsync("prod", Token)).KeyIds);
        Assert.False(Directory.Exists(Path.Combine(_folder, "keys")));
    }

    [Fact]
    public void What_is_no_private_key_is_refused_without_showing_it()
    {
        using var key = EcdsaSigner.Parse(EcdsaSigner.NewPem(), "a");
        using var curve = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);

        foreach (var text in new[] { "secret", key.PublicKeyPem, curve.ExportPkcs8PrivateKeyPem() })
        {
            var error = Assert.Throws<ArgumentException>(() => EcdsaSigner.Parse(text, "RLHF_SIGNING_KEY, 'key.pem',"));
            Assert.StartsWith("RLHF_SIGNING_KEY, 'key.pem', is no private key for promotions; expected", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(text, error.Message, StringComparison.Ordinal);
        }
        Assert.Throws<ArgumentException>(() => new TrustedKeys("nothing"));
    }

    [Fact]
    public void How_many_people_approve_is_said_by_environment_or_by_one_number()
    {
        var (none, some, all) = (PromotionRules.Parse(null), PromotionRules.Parse("staging=0, canary = 3"), PromotionRules.Parse("1"));

        Assert.Equal([0, 2, 1], new[] { "sandbox", "prod", "staging" }.Select(none.ApprovalsOf));
        Assert.Equal([0, 3, 2, 0, 1], new[] { "staging", "canary", "prod", "sandbox", "other" }.Select(some.ApprovalsOf));
        Assert.Equal([1, 1], new[] { "sandbox", "prod" }.Select(all.ApprovalsOf));
        foreach (var wrong in new[] { "prod", "prod=two", "prod=-1", "=1", "21" }) Assert.Contains("expected such as staging=1,prod=2", Assert.Throws<ArgumentException>(() => PromotionRules.Parse(wrong)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_approvers_file_is_one_whatever_the_case_and_never_outside_its_folder()
    {
        Assert.Equal(ApprovalRules.FileOf("Ann@Example"), ApprovalRules.FileOf("ann@example"));
        Assert.NotEqual(ApprovalRules.FileOf("a/b"), ApprovalRules.FileOf("a_b"));
        foreach (var name in new[] { "../../request", "..", "a/b", "a\\b" }) Assert.DoesNotMatch(@"[/\\]|^\.\.?$", ApprovalRules.FileOf(name));
    }

    [Fact]
    public async Task What_an_open_promotion_rests_on_is_never_collected()
    {
        var objects = new FolderObjectStore(_folder);
        var artifacts = new ArtifactStore(objects);
        var evidence = await artifacts.PutAsync("evidence", new Dictionary<string, byte[]> { ["evidence.jsonl"] = Encoding.ASCII.GetBytes("{}") }, Token);
        var other = await artifacts.PutAsync("evidence", new Dictionary<string, byte[]> { ["evidence.jsonl"] = Encoding.ASCII.GetBytes("{} ") }, Token);
        var policy = new ArtifactRef("policy", new('a', 64));
        await new PromotionStore(objects).RequestAsync(new("id", "prod", "c", policy, policy, policy, evidence, policy, false, "ann", TimeProvider.System.GetUtcNow(), 1), Token);
        var later = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(30));

        var garbage = await new GarbageCollection(objects, later).FindAsync(_ => Task.FromResult<IReadOnlyCollection<ArtifactRef>>([]), GarbageCollection.LeastGrace, Token);

        Assert.Contains(garbage.Objects, o => o.Name.Contains(other.Sha256, StringComparison.Ordinal));
        Assert.DoesNotContain(garbage.Objects, o => o.Name.Contains(evidence.Sha256, StringComparison.Ordinal));
    }
}
