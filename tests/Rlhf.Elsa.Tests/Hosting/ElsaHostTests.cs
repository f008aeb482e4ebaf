using System.Net;
using System.Net.Http.Headers;
using Rlhf.Elsa.Hosting;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Contracts;
using Rlhf.Tests.Support;

namespace Rlhf.Elsa.Tests.Hosting;

public sealed class ElsaHostTests
{
    [Fact]
    public async Task Every_file_of_workflows_is_published_unchanged_once_with_no_unknown_activity()
    {
        var store = Directory.CreateTempSubdirectory("rlhf-elsa-").FullName;
        try
        {
            foreach (var start in new[] { 1, 2 })
            {
                await using var host = await RunningHost.StartAsync(store, Repository.Workflow(""));
                foreach (var file in Directory.GetFiles(Repository.Workflow(""), "*.json"))
                {
                    var definition = (await host.AskAsync("GET", $"workflow-definitions/by-definition-id/{Path.GetFileNameWithoutExtension(file)}?versionOptions=Published")).Body!;
                    Assert.Equal(1, definition["version"]!.GetValue<int>());
                    Assert.DoesNotContain("NotFoundActivity", definition["root"]!.ToJsonString(), StringComparison.Ordinal);
                    var rlhf = System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(file))!["root"]!["activities"]!.AsArray().Select(a => $"{a!["type"]}").Where(t => t.StartsWith("Rlhf.", StringComparison.Ordinal));
                    Assert.Equal(rlhf, definition["root"]!["activities"]!.AsArray().Select(a => $"{a!["type"]}").Where(t => t.StartsWith("Rlhf.", StringComparison.Ordinal)));
                }
            }
        }
        finally
        {
            Directory.Delete(store, recursive: true);
        }
    }

    [Fact]
    public async Task Every_step_is_an_activity_with_its_inputs_outputs_and_ports()
    {
        await using var host = await RunningHost.StartAsync();

        var all = (await host.AskAsync("GET", "descriptors/activities?refresh=true")).Body!["items"]!.AsArray().ToDictionary(d => $"{d!["typeName"]}", d => d!);

        foreach (var step in StepContracts.All)
        {
            var descriptor = all[step.ActivityType];
            Assert.Equal(("RLHF", step.Description), ($"{descriptor["category"]}", $"{descriptor["description"]}"));
            Assert.Equal(step.Inputs.Select(f => f.Name).Append("preset").Concat(step.HParams.Select(f => f.Name)).Select(Name), descriptor["inputs"]!.AsArray().Select(i => $"{i!["name"]}"));
            Assert.Equal(step.Outputs.Select(f => Name(f.WorkflowProperty)), descriptor["outputs"]!.AsArray().Select(o => $"{o!["name"]}"));
            Assert.Equal(step.Outcomes, descriptor["ports"]!.AsArray().Select(p => $"{p!["name"]}"));
        }

        static string Name(string property) => char.ToUpperInvariant(property[0]) + property[1..];
    }

    [Fact]
    public async Task Whoever_lacks_the_token_is_refused()
    {
        await using var host = await RunningHost.StartAsync(token: "right");
        using var client = new HttpClient { BaseAddress = host.Api };

        async Task<HttpStatusCode> AskAsync(string? token)
        {
            client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            using var answer = await client.GetAsync("workflow-definitions");
            return answer.StatusCode;
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(null));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("wrong"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync("right"));
    }

    [Fact]
    public async Task A_database_that_is_not_there_yet_is_made()
    {
        var postgres = new Npgsql.NpgsqlConnectionStringBuilder(PostgresServer.NewDatabase());
        postgres.Database += "_of_elsa";

        await using var host = await RunningHost.StartAsync(postgres: postgres.ConnectionString);

        Assert.Equal(200, (await host.AskAsync("GET", "workflow-definitions")).Status);
    }

    [Theory]
    [InlineData("--urls", "http://0.0.0.0:5090", "RLHF_ELSA_TOKEN")]
    [InlineData("--nonsense", "x", "--nonsense")]
    [InlineData("--workflows", "/nowhere/at/all", "/nowhere/at/all")]
    public void What_cannot_be_meant_is_refused_in_a_sentence(string option, string value, string named) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => ElsaHostOptions.Of([option, value], _ => null)).Message, StringComparison.Ordinal);
}
