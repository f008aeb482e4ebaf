using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Pipeline.Promotions;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;

namespace Rlhf.Pipeline.Tests.Promotions;

/// <summary>A promotion's own files, without the store they came from.</summary>
public sealed class VerificationTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static async Task<(SomePromotion Some, Dictionary<string, byte[]> Files)> PromotedAsync(int approvals = 1)
    {
        var some = await SomePromotion.ReadyAsync(approvals);
        var values = SomePromotion.Values(await some.DecidedAsync());
        if (approvals > 0)
        {
            await some.LookAsync(values);
            await some.ApproveAsync(await some.RequestAsync(), "ann");
        }
        var outputs = await some.PromotedAsync(values);
        return (some, await some.FilesAsync(ArtifactRef.Parse($"{outputs["record"]}")));
    }

    static PromotionRecord RecordOf(Dictionary<string, byte[]> files) => CanonicalJson.Deserialize<PromotionRecord>(files[PromotionBundle.RecordFile], "record");

    /// <summary>The record as somebody with the key would have signed it.</summary>
    static async Task<Dictionary<string, byte[]>> SignedAgainAsync(SomePromotion some, Dictionary<string, byte[]> files, PromotionRecord record) => new(files)
    {
        [PromotionBundle.RecordFile] = CanonicalJson.Serialize(record),
        [PromotionBundle.SignatureFile] = CanonicalJson.Serialize(await some.Signer.SignedAsync(record, Token)),
    };

    [Fact]
    public async Task Every_file_of_a_promotion_counts()
    {
        var (some, files) = await PromotedAsync();
        using var _ = some;
        Assert.Empty((await some.VerifyAsync(files)).Wrong);
        Assert.Equal(["criteria/criteria.json", "decision/criteria.json", "decision/decision.json", "decision/regressions.jsonl", "evidence/evidence.jsonl", "evidence/subject.json", "record.json", "signature.json"], files.Keys.Order(StringComparer.Ordinal));

        foreach (var name in files.Keys)
        {
            var changed = new Dictionary<string, byte[]>(files) { [name] = [.. files[name], (byte)' '] };
            var without = files.Where(f => f.Key != name).ToDictionary();

            // White space after the signature's JSON changes nothing that it says.
            if (name != PromotionBundle.SignatureFile) Assert.NotEmpty((await some.VerifyAsync(changed)).Wrong);
            Assert.NotEmpty((await some.VerifyAsync(without)).Wrong);
        }
        Assert.Equal(["more.txt is no part of the promotion."], (await some.VerifyAsync(new(files) { ["more.txt"] = [1] })).Wrong);
    }

    [Fact]
    public async Task A_changed_file_is_named_with_the_hash_it_should_have()
    {
        var (some, files) = await PromotedAsync();
        using var _ = some;
        files["evidence/evidence.jsonl"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(files["evidence/evidence.jsonl"]).Replace("\"someone\"", "\"anybody\"", StringComparison.Ordinal));

        var wrong = Assert.Single((await some.VerifyAsync(files)).Wrong);
        Assert.StartsWith($"The files of evidence/ are not those of {RecordOf(files).Evidence}: their hash is ", wrong, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_by_another_key_or_changed_after_it_was_signed_is_found()
    {
        var (some, files) = await PromotedAsync();
        using var _ = some;
        using var other = EcdsaSigner.Parse(EcdsaSigner.NewPem(), "another");
        var changed = new Dictionary<string, byte[]>(files) { [PromotionBundle.RecordFile] = CanonicalJson.Serialize(RecordOf(files) with { RequestedBy = "nobody" }) };

        Assert.Contains("record.json does not match its signature", Assert.Single((await some.VerifyAsync(changed)).Wrong), StringComparison.Ordinal);
        Assert.Contains("is not trusted here", (await PromotionVerification.OfAsync(files, new([other.PublicKeyPem]), Token)).Wrong[0], StringComparison.Ordinal);
        Assert.Contains("(no key is)", (await PromotionVerification.OfAsync(files, new(), Token)).Wrong[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_that_is_signed_and_says_more_than_was_allowed_is_found()
    {
        var (some, files) = await PromotedAsync();
        using var _ = some;
        var record = RecordOf(files);

        async Task<string> Wrong(PromotionRecord said) => Assert.Single((await some.VerifyAsync(await SignedAgainAsync(some, files, said))).Wrong);

        Assert.Contains("1 people have approved; expected 2.", await Wrong(record with { ApprovalsAsked = 2 }), StringComparison.Ordinal);
        Assert.Contains("and what it says is promotion", await Wrong(record with { Campaign = "another" }), StringComparison.Ordinal);
        Assert.Contains("ann asked for promotion", await Wrong(record with { RequestedBy = "ANN" }), StringComparison.Ordinal);
        Assert.Contains("The record's figures are not those of", await Wrong(record with { Figures = record.Figures with { Wins = 1000 } }), StringComparison.Ordinal);
        Assert.Contains("ann is counted 2 times", await Wrong(record with { ApprovalsAsked = 2, Approvals = [.. record.Approvals, .. record.Approvals] }), StringComparison.Ordinal);
        Assert.Contains("and the evidence was collected against", await Wrong(record with { ChampionBefore = record.Policy }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_is_made_again_from_its_evidence_and_a_false_one_is_found_although_all_hashes_fit()
    {
        var (some, files) = await PromotedAsync(approvals: 0);
        using var _ = some;
        var record = RecordOf(files);
        var decision = await some.Artifacts.ReadJsonAsync<GateDecision>(record.Decision, GateDecision.File, Token);
        var better = decision with { Verdict = decision.Verdict with { WinRate = 0.999, EValue = 1e9 } };
        var forged = await some.Artifacts.PutAsync("decision", new Dictionary<string, byte[]> { [GateDecision.File] = CanonicalJson.Serialize(better) }, Token);
        var said = record with { Decision = forged, Figures = PromotionFigures.Of(better.Verdict), Id = PromotionRequest.IdOf(record.Environment, record.Campaign, record.ComparedWith, record.Policy, forged) };
        var bundle = await SignedAgainAsync(some, files.Where(f => !f.Key.StartsWith("decision/", StringComparison.Ordinal)).ToDictionary(), said);
        bundle[$"decision/{GateDecision.File}"] = CanonicalJson.Serialize(better);

        Assert.Contains("does not follow from its evidence and criteria: winRate is 0.999, and the evidence comes to 1", Assert.Single((await some.VerifyAsync(bundle)).Wrong), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Simulated_evidence_of_another_environment_than_the_sandbox_is_found_a_year_later_too()
    {
        using var some = await SomePromotion.ReadyAsync();
        var outputs = await some.PromotedAsync(SomePromotion.Values(await some.DecidedAsync(kind: LabelerKind.Simulated), "sandbox"));
        var files = await some.FilesAsync(ArtifactRef.Parse($"{outputs["record"]}"));
        var record = RecordOf(files);
        var moved = record with { Environment = "prod", Id = PromotionRequest.IdOf("prod", record.Campaign, record.ComparedWith, record.Policy, record.Decision) };

        Assert.Empty((await some.VerifyAsync(files)).Wrong);
        Assert.Contains("by simulated labelers", Assert.Single((await some.VerifyAsync(await SignedAgainAsync(some, files, moved))).Wrong), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signature_is_one_that_any_tool_can_check()
    {
        var (some, files) = await PromotedAsync();
        using var _ = some;
        var signature = CanonicalJson.Deserialize<JsonObject>(files[PromotionBundle.SignatureFile], "signature");
        using var key = ECDsa.Create();
        key.ImportFromPem($"{signature["publicKey"]}");

        Assert.True(key.VerifyData(files[PromotionBundle.RecordFile], Convert.FromBase64String($"{signature["value"]}"), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16], $"{signature["keyId"]}");
    }
}
