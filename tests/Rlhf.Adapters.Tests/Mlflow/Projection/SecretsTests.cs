using Rlhf.Adapters.Mlflow.Projection;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

public class SecretsTests
{
    const string Secret = "Zm9vYmFyLWJhei1xdXV4LTEyMzQ1Njc4";

    [Theory]
    [InlineData($"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={Secret}==;EndpointSuffix=core.windows.net")]
    [InlineData($"BlobEndpoint=https://a/;SharedAccessSignature=sv=2024-01-01&sig={Secret}%3D")]
    [InlineData($"https://a.blob.core.windows.net/c/b?sv=2024-01-01&sp=r&sig={Secret}%3D&se=2030")]
    [InlineData($"Host=db;Username=me;Password={Secret}")]
    [InlineData($"postgres://me:{Secret}@db:5432/rlhf")]
    [InlineData($"Authorization: Bearer {Secret}")]
    [InlineData($"Authorization: Basic {Secret}")]
    [InlineData($"{{\"api_key\": \"{Secret}\"}}")]
    [InlineData($"MLFLOW_TRACKING_TOKEN={Secret}")]
    [InlineData($"sk-proj-{Secret}")]
    [InlineData($"use hf_{Secret}AbCd for it")]
    [InlineData($"eyJhbGciOiJIUzI1NiJ9.{Secret}.{Secret}")]
    [InlineData($"-----BEGIN RSA PRIVATE KEY-----\n{Secret}\n-----END RSA PRIVATE KEY-----")]
    [InlineData($"{Secret}{Secret}{Secret}==")]
    [InlineData($"{{\"password\": \"horse {Secret}\", \"user\": \"me\"}}")]
    [InlineData($"client_secret='a;b\"{Secret}' and more")]
    public void A_credential_in_a_text_is_replaced(string text)
    {
        var clean = Secrets.Clean(text);

        Assert.DoesNotContain(Secret, clean);
        Assert.Contains(Secrets.Redacted, clean);
        Assert.Equal(clean, Secrets.Clean(clean));
    }

    [Theory]
    [InlineData("policy/9390533aa6fd42a12d4572ec00b277bc53ff47a2b5db5019c09cdc7875728bb4")]
    [InlineData("lower bound 0.6604 of the 95 % Wilson interval is above 0.50")]
    [InlineData("https://account.blob.core.windows.net/container/manifests/policy/9390533aa6fd42a12d4572ec00b277bc53ff47a2b5db5019c09cdc7875728bb4.json")]
    [InlineData("tokens: 64; key = 3")]
    [InlineData("the token of the prompt, a key to success, basic arithmetic")]
    [InlineData("01a2057923e977e78c452e2b07b2a739")]
    public void What_is_none_stays_as_it_is(string text)
    {
        Assert.Equal(text, Secrets.Clean(text));
    }

    [Theory]
    [InlineData("Host=db;Password=31415926;Database=rlhf", "Host=db;Password=[redacted];Database=rlhf")]
    [InlineData("""{"password":"12 \"34\" 56","seed":"7"}""", """{"password":"[redacted]","seed":"7"}""")]
    [InlineData("password = 'a b', key = 3", "password = '[redacted]', key = 3")]
    public void Of_a_password_all_goes_and_of_what_stands_beside_it_nothing(string text, string clean)
    {
        Assert.Equal(clean, Secrets.Clean(text));
        Assert.Equal(clean, Secrets.Clean(clean));
    }

    [Theory]
    [InlineData("apiKey", "short", true)]
    [InlineData("labeler.password", "hunter2", true)]
    [InlineData("labeler.password", "12345678", true)]
    [InlineData("clientSecret", "31415926", true)]
    [InlineData("connectionString", "x", true)]
    [InlineData("maxNewTokens", "64", false)]
    [InlineData("vocabularyKey", "3", false)]
    [InlineData("labeler", "simulated", false)]
    public void A_field_called_like_a_credential_is_replaced_as_a_whole(string name, string value, bool secret)
    {
        Assert.Equal(secret ? Secrets.Redacted : value, Secrets.Clean(name, value));
    }
}
