using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Scoring;
using Rlhf.Runtime;
using Rlhf.Server.Scoring;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Tests.Scoring;

/// <summary>A store with small reward models of random weights, and a server of them.</summary>
sealed class ScoringPlace : IAsyncDisposable
{
    const string Text = "The quick brown fox jumps over the lazy dog. The cat sat on the mat and looked at the moon for a while.";

    static readonly DecoderConfig Shape = new()
    {
        HiddenSize = 32,
        IntermediateSize = 64,
        NumHiddenLayers = 2,
        NumAttentionHeads = 2,
        NumKeyValueHeads = 1,
        VocabSize = 300,
        MaxPositionEmbeddings = 128,
        BosTokenId = 1,
        EosTokenId = 2,
    };

    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;
    readonly ServingMeter _meter = new();

    public WorkflowRuntime Runtime { get; private set; } = null!;

    public RewardServing Serving { get; private set; } = null!;

    public ScoringServer Server { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public ArtifactRef Helpful { get; private set; } = null!;

    public ArtifactRef Safe { get; private set; } = null!;

    public List<string> Log { get; } = [];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="onlyOne">Serve one model, and not also an ensemble of two.</param>
    public static async Task<ScoringPlace> OpenAsync(bool onlyOne = false, ServingOptions? serving = null, Func<ScoringOptions, ScoringOptions>? change = null)
    {
        var place = new ScoringPlace();
        var objects = new FolderObjectStore(place._folder);
        place.Helpful = await PutAsync(objects, 1);
        place.Safe = await PutAsync(objects, 2, 3);
        place.Runtime = new(new RuntimeOptions(place._folder), new StepRunner([], objects, TimeProvider.System, new Dictionary<string, object>(), TimeSpan.FromMinutes(1)), TimeProvider.System);
        ServedName[] names = [new("helpful", $"{place.Helpful}"), new("safe", $"{place.Safe}")];
        place.Serving = await RewardServing.OpenAsync(
            onlyOne ? names[..1] : names, objects, (text, _) => Task.FromResult(ArtifactRef.Parse(text)), serving ?? new(), TimeProvider.System, place._meter, place.Log.Add, Token);
        var options = new ScoringOptions(["http://127.0.0.1:0"], "olga");
        place.Server = await ScoringServer.StartAsync(change?.Invoke(options) ?? options, place.Serving, place.Runtime, null, ServingMeter.Name, TimeProvider.System, place.Log.Add, Token);
        place.Client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(place.Server.Addresses[0]) };
        return place;
    }

    static async Task<ArtifactRef> PutAsync(FolderObjectStore objects, params ulong[] seeds)
    {
        var tokenizer = BpeTrainer.Train([Text], Shape.VocabSize);
        var shape = Shape with { VocabSize = tokenizer.VocabularySize, BosTokenId = tokenizer.BosId ?? Shape.BosTokenId, EosTokenId = tokenizer.EosId };
        List<RewardModel> members = [.. seeds.Select(seed => new RewardModel(DecoderModel.Initialize(shape, seed, TorchDevice.FromEnvironment()), ScalarHead.Random(shape.HiddenSize, seed, TorchDevice.FromEnvironment()), tokenizer))];
        try
        {
            return await new ArtifactStore(objects).PutRewardModelsAsync(members, new LanguageLoss(1, 1, 10), Token);
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    public Task<(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(string path, string json, string? key = null) => PostAsync(path, Encoding.UTF8.GetBytes(json), key);

    public async Task<(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(string path, byte[] body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (key is not null) request.Headers.Authorization = new("Bearer", key);
        var response = await Client.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), response);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        await Serving.DisposeAsync();
        await Runtime.DisposeAsync();
        _meter.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
