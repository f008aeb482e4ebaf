using CsCheck;
using Rlhf.Adapters.Mlflow;

namespace Rlhf.Adapters.Tests.Mlflow;

public class FieldRulesTests
{
    [Theory]
    [InlineData("loss")]
    [InlineData("val/é a:b-c_1.2")]
    [InlineData("r²")]
    [InlineData("a/..b")]
    public void Keys_that_the_server_takes_pass(string key) => Assert.Equal(key, FieldRules.Key("metric", key));

    [Theory]
    [InlineData("")]
    [InlineData("a$b")]
    [InlineData("a=b")]
    [InlineData("a\nb")]
    [InlineData("../x")]
    [InlineData("...")]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData(".")]
    [InlineData("a/./b")]
    [InlineData("a/../b")]
    [InlineData("a\0")]
    [InlineData("a\u203Fb")]
    public void Keys_that_the_server_refuses_or_changes_are_refused(string key) =>
        Assert.Throws<ArgumentException>(() => FieldRules.Key("metric", key));

    [Fact]
    public void Lengths_are_in_characters_and_one_more_is_refused()
    {
        var smile = "😀";
        string Smiles(int count) => string.Concat(Enumerable.Repeat(smile, count));

        FieldRules.Key("tag", new('k', 250));
        FieldRules.Param(new("p", Smiles(6000)));
        FieldRules.RunTag(new("t", Smiles(8000)));
        FieldRules.ExperimentTag(new("t", new('v', 5000)));
        FieldRules.ExperimentName(new('n', 500));
        FieldRules.Alias(new('a', 255));

        Assert.Contains("251 characters", Assert.Throws<ArgumentException>(() => FieldRules.Key("tag", new('k', 251))).Message);
        Assert.Throws<ArgumentException>(() => FieldRules.Param(new("p", Smiles(6001))));
        Assert.Throws<ArgumentException>(() => FieldRules.RunTag(new("t", Smiles(8001))));
        Assert.Throws<ArgumentException>(() => FieldRules.ExperimentTag(new("t", new('v', 5001))));
        Assert.Throws<ArgumentException>(() => FieldRules.ExperimentName(new('n', 501)));
        Assert.Throws<ArgumentException>(() => FieldRules.ExperimentName(""));
        Assert.Throws<ArgumentException>(() => FieldRules.Alias(new('a', 256)));
    }

    [Fact]
    public void Half_a_surrogate_pair_and_a_zero_character_are_refused_wherever_they_stand()
    {
        Assert.Contains("D83D at index 1", Assert.Throws<ArgumentException>(() => FieldRules.Param(new("p", "a\ud83d"))).Message);
        Assert.Throws<ArgumentException>(() => FieldRules.RunTag(new("t", "\0")));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(1e308)]
    [InlineData(-0.0)]
    public void Every_number_but_the_greatest_is_a_metric(double value) => FieldRules.Metric(new("m", value, 0, long.MinValue));

    [Theory]
    [InlineData(double.MaxValue, 0)]
    [InlineData(double.MinValue, 0)]
    [InlineData(1, -1)]
    public void What_would_come_back_as_something_else_is_refused(double value, long time) =>
        Assert.Throws<ArgumentException>(() => FieldRules.Metric(new("m", value, time)));

    [Theory]
    [InlineData("latest")]
    [InlineData("LATEST")]
    [InlineData("v1")]
    [InlineData("V22")]
    [InlineData("a b")]
    [InlineData("a.b")]
    [InlineData("")]
    public void Reserved_and_malformed_aliases_are_refused(string alias) => Assert.Throws<ArgumentException>(() => FieldRules.Alias(alias));

    [Theory]
    [InlineData("champion")]
    [InlineData("Prod_1-x")]
    [InlineData("v")]
    [InlineData("v1a")]
    public void Other_aliases_pass(string alias) => Assert.Equal(alias, FieldRules.Alias(alias));

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("one")]
    [InlineData("")]
    public void A_version_is_a_number_from_1(string version) => Assert.Throws<ArgumentException>(() => FieldRules.Version(version));

    [Fact]
    public void A_status_that_is_none_is_refused() => Assert.Throws<ArgumentException>(() => FieldRules.Status((MlflowRunStatus)99));

    [Theory]
    [InlineData("name", "0123456789012345678901234567890123456", "{}")]
    [InlineData("name", "", "{}")]
    [InlineData("name", "d", "not JSON")]
    [InlineData("name", "d", "")]
    [InlineData("", "d", "{}")]
    public void A_dataset_that_breaks_a_rule_is_refused(string name, string digest, string source) => Assert.Throws<ArgumentException>(() =>
        FieldRules.Dataset(new() { Dataset = new() { Name = name, Digest = digest, SourceType = "local", Source = source } }));

    [Fact]
    public void What_stands_twice_in_a_batch_is_refused()
    {
        Assert.Throws<ArgumentException>(() => FieldRules.Batch(new() { Params = [new("p", "1"), new("p", "1")] }));
        Assert.Throws<ArgumentException>(() => FieldRules.Batch(new() { Tags = [new("t", "1"), new("t", "2")] }));
    }

    [Fact]
    public async Task What_stands_twice_in_what_is_created_is_refused_before_it_is_sent()
    {
        var token = TestContext.Current.CancellationToken;
        using var client = Clients.For("http://127.0.0.1:9");
        MlflowTag[] tags = [new("t", "1"), new("t", "2")];

        await Assert.ThrowsAsync<ArgumentException>(() => client.CreateExperimentAsync("e", tags, cancellationToken: token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.CreateModelAsync("m", tags: tags, cancellationToken: token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.CreateVersionAsync(new() { Name = "m", Source = "s", Tags = tags }, token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.CreateLoggedModelAsync(new() { ExperimentId = "0", Tags = tags }, token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.CreateLoggedModelAsync(new() { ExperimentId = "0", SourceRunId = "a/b" }, token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.SetLoggedModelTagsAsync("m-1", tags, token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.LogLoggedModelParamsAsync("m-1", [new("p", "1"), new("p", "1")], token));
    }

    [Fact]
    public void Every_batch_is_cut_into_parts_within_the_limits_and_none_of_it_is_lost_or_moved() =>
        Gen.Select(Gen.Int[0, 3500], Gen.Int[0, 350], Gen.Int[0, 350]).Sample(counts =>
        {
            var (metrics, @params, tags) = counts;
            var batch = new MlflowBatch
            {
                Metrics = [.. Enumerable.Range(0, metrics).Select(i => new MlflowMetric("m", i, i, i))],
                Params = [.. Enumerable.Range(0, @params).Select(i => new MlflowParam($"p{i}", $"{i}"))],
                Tags = [.. Enumerable.Range(0, tags).Select(i => new MlflowTag($"t{i}", $"{i}"))],
            };

            var parts = LogBatch.Split(batch).ToList();

            Assert.All(parts, part =>
            {
                Assert.False(part.IsEmpty);
                Assert.True(part.Params.Count <= 100 && part.Tags.Count <= 100 && part.Metrics.Count + part.Params.Count + part.Tags.Count <= 1000);
            });
            Assert.Equal(batch.Metrics, parts.SelectMany(p => p.Metrics));
            Assert.Equal(batch.Params, parts.SelectMany(p => p.Params));
            Assert.Equal(batch.Tags, parts.SelectMany(p => p.Tags));
        }, iter: 50);

    [Theory]
    [InlineData("a'b", "name = \"a'b\"")]
    [InlineData("a\"b", "name = 'a\"b'")]
    [InlineData("plain", "name = 'plain'")]
    public void A_filter_quotes_with_what_the_text_does_not_hold(string name, string filter) => Assert.Equal(filter, MlflowFilter.Name(name));

    [Fact]
    public void A_text_with_both_quotes_cannot_be_searched_for() => Assert.Throws<ArgumentException>(() => MlflowFilter.Name("'\""));
}
