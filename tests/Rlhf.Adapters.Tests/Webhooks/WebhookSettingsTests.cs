using Rlhf.Adapters.Webhooks;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Webhooks;

public sealed class WebhookSettingsTests
{
    static WebhookSettings? Read(string? url, string? hosts = "hooks.example", string? secret = "the stub's", string? isPrivate = null) =>
        WebhookSettings.FromEnvironment(name => name switch
        {
            "RLHF_WEBHOOK_URL" => url,
            "RLHF_WEBHOOK_HOSTS" => hosts,
            "RLHF_WEBHOOK_SECRET" => secret == "the stub's" ? StubReceiver.Secret : secret,
            "RLHF_WEBHOOK_PRIVATE" => isPrivate,
            _ => null,
        });

    [Fact]
    public void Without_an_address_there_is_no_webhook() => Assert.Null(Read(null, secret: null));

    [Fact]
    public void A_receiver_on_the_list_is_taken_and_its_text_shows_no_more_than_the_host()
    {
        var settings = Read("https://Hooks.example/services/T0/secret-path?token=secret", "other.example, HOOKS.example")!;

        Assert.Equal((32, false, "hooks.example"), (settings.Key.Count, settings.AllowsPrivate, $"{settings}"));
        Assert.True(Read("http://127.0.0.1:8080/hook", "127.0.0.1", isPrivate: "true")!.AllowsPrivate);
        Assert.NotNull(Read("http://[::1]:8080/hook", "[::1]"));
    }

    [Theory]
    [InlineData("https://evil.example/hook", "hooks.example", null, "RLHF_WEBHOOK_URL is at 'evil.example', which RLHF_WEBHOOK_HOSTS ('hooks.example') does not name")]
    [InlineData("https://hooks.example.evil.example/", "hooks.example", null, "is at 'hooks.example.evil.example', which")]
    [InlineData("https://sub.hooks.example/", "hooks.example", null, "is at 'sub.hooks.example', which")]
    [InlineData("https://hooks.example/hook", null, null, "RLHF_WEBHOOK_HOSTS ('') does not name")]
    [InlineData("http://hooks.example/hook", "hooks.example", null, "RLHF_WEBHOOK_URL is http at 'hooks.example'; expected https")]
    [InlineData("http://10.0.0.1/hook", "10.0.0.1", "true", "is http at '10.0.0.1'; expected https")]
    [InlineData("https://user:secret@hooks.example/hook", "hooks.example", null, "is not the address of a receiver")]
    [InlineData("ftp://hooks.example/hook", "hooks.example", null, "is not the address of a receiver")]
    [InlineData("hooks.example/secret", "hooks.example", null, "is not the address of a receiver")]
    [InlineData("https://hooks.example/hook", "hooks.example", "maybe", "RLHF_WEBHOOK_PRIVATE is 'maybe'; expected true, false, 1 or 0.")]
    public void What_cannot_be_used_is_refused_with_a_sentence_that_shows_no_secret(string url, string? hosts, string? isPrivate, string reason)
    {
        var refused = Assert.Throws<ArgumentException>(() => Read(url, hosts, isPrivate: isPrivate)).Message;

        Assert.Contains(reason, refused, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "RLHF_WEBHOOK_SECRET is not set; expected whsec_ and the base64 of 24 to 64 bytes")]
    [InlineData("hunter2", "RLHF_WEBHOOK_SECRET is not a secret of Standard Webhooks")]
    [InlineData("whsec_c2hvcnQ=", "RLHF_WEBHOOK_SECRET is not a secret of Standard Webhooks")]
    [InlineData("whsec_no base64 at all, but long enough to be a key", "RLHF_WEBHOOK_SECRET is not a secret of Standard Webhooks")]
    public void A_secret_is_whsec_and_a_key_of_a_safe_length(string? secret, string reason) =>
        Assert.StartsWith(reason, Assert.Throws<ArgumentException>(() => Read("https://hooks.example/", secret: secret)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_secret_without_an_address_is_a_mistake() =>
        Assert.Equal("RLHF_WEBHOOK_SECRET is set but RLHF_WEBHOOK_URL is not; expected the receiver's address there.", Assert.Throws<ArgumentException>(() => Read(null)).Message);
}
