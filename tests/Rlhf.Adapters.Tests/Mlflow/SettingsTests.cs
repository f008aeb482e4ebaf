using System.Text;
using Rlhf.Adapters.Mlflow;

namespace Rlhf.Adapters.Tests.Mlflow;

public sealed class SettingsTests : IDisposable
{
    readonly string _home = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    MlflowSettings? Read(params (string Name, string? Value)[] variables) =>
        MlflowSettings.FromEnvironment(name => variables.FirstOrDefault(v => v.Name == name).Value, _home);

    void Write(params string[] lines)
    {
        Directory.CreateDirectory(Path.Combine(_home, ".mlflow"));
        File.WriteAllLines(Path.Combine(_home, ".mlflow", "credentials"), lines);
    }

    [Fact]
    public void Without_a_tracking_uri_there_are_no_settings()
    {
        Assert.Null(Read());
        Assert.Null(Read(("MLFLOW_TRACKING_URI", "")));
    }

    [Fact]
    public void An_address_alone_is_enough()
    {
        var settings = Read(("MLFLOW_TRACKING_URI", "http://mlflow.example:5000/team"))!;

        Assert.Equal("http://mlflow.example:5000/team/", settings.Address.ToString());
        Assert.Equal(("rlhf", false, null, null), (settings.Experiment, settings.InsecureTls, settings.ServerCertificates, settings.Authorization));
    }

    [Theory]
    [InlineData("file:///var/mlruns", "file:")]
    [InlineData("sqlite:///mlflow.db", "sqlite:")]
    [InlineData("databricks://profile", "databricks:")]
    [InlineData("mlruns", "not the address")]
    [InlineData("databricks", "not the address")]
    [InlineData("/var/mlruns", "tracking server is needed")]
    [InlineData("http://", "not the address")]
    public void Anything_but_a_server_is_refused(string uri, string said)
    {
        var e = Assert.Throws<InvalidDataException>(() => Read(("MLFLOW_TRACKING_URI", uri)));

        Assert.Contains(said, e.Message);
        Assert.Contains("a tracking server is needed", e.Message);
    }

    [Fact]
    public void A_query_in_the_address_is_refused() =>
        Assert.Throws<InvalidDataException>(() => Read(("MLFLOW_TRACKING_URI", "http://h/?x=1")));

    [Fact]
    public void User_and_password_win_over_the_token()
    {
        var settings = Read(("MLFLOW_TRACKING_URI", "http://h"), ("MLFLOW_TRACKING_USERNAME", "ann"), ("MLFLOW_TRACKING_PASSWORD", "pä:ss"), ("MLFLOW_TRACKING_TOKEN", "t"))!;

        Assert.Equal(Clients.Basic("ann", "pä:ss"), settings.Authorization!.ToString());
    }

    [Fact]
    public void A_user_without_a_password_counts_for_nothing()
    {
        var settings = Read(("MLFLOW_TRACKING_URI", "http://h"), ("MLFLOW_TRACKING_USERNAME", "ann"), ("MLFLOW_TRACKING_TOKEN", "t"))!;

        Assert.Equal("Bearer t", settings.Authorization!.ToString());
    }

    [Fact]
    public void User_info_in_the_address_wins_over_everything_and_goes_as_latin_1()
    {
        var settings = Read(("MLFLOW_TRACKING_URI", "https://ann%40team:p%C3%A4ss@h:8443/x/"), ("MLFLOW_TRACKING_USERNAME", "bob"), ("MLFLOW_TRACKING_PASSWORD", "q"))!;

        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.Latin1.GetBytes("ann@team:päss")), settings.Authorization!.ToString());
        Assert.Equal("https://h:8443/x/", settings.Address.ToString());
    }

    [Fact]
    public void A_user_alone_in_the_address_counts_for_nothing() =>
        Assert.Equal("Bearer t", Read(("MLFLOW_TRACKING_URI", "http://ann@h"), ("MLFLOW_TRACKING_TOKEN", "t"))!.Authorization!.ToString());

    [Fact]
    public void The_credentials_file_fills_what_the_environment_leaves_out()
    {
        Write("# mine", "[other]", "mlflow_tracking_username = nobody", "[mlflow]", "mlflow_tracking_username = ann", "MLFLOW_TRACKING_PASSWORD: a=b%%c ");

        Assert.Equal(Clients.Basic("ann", "a=b%c"), Read(("MLFLOW_TRACKING_URI", "http://h"), ("MLFLOW_TRACKING_TOKEN", "t"))!.Authorization!.ToString());
        Assert.Equal(Clients.Basic("bob", "a=b%c"), Read(("MLFLOW_TRACKING_URI", "http://h"), ("MLFLOW_TRACKING_USERNAME", "bob"))!.Authorization!.ToString());
    }

    [Fact]
    public void A_broken_credentials_file_is_named_without_its_line()
    {
        Write("[mlflow]", "hunter2");

        var e = Assert.Throws<InvalidDataException>(() => Read(("MLFLOW_TRACKING_URI", "http://h")));

        Assert.Contains("Line 2 of", e.Message);
        Assert.DoesNotContain("hunter2", e.Message);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("TRUE", true)]
    [InlineData("1", true)]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("", false)]
    public void Insecure_tls_is_said_as_in_python(string value, bool insecure) =>
        Assert.Equal(insecure, Read(("MLFLOW_TRACKING_URI", "https://h"), ("MLFLOW_TRACKING_INSECURE_TLS", value))!.InsecureTls);

    [Theory]
    [InlineData("MLFLOW_TRACKING_INSECURE_TLS", "yes")]
    [InlineData("MLFLOW_TRACKING_AUTH", "plugin")]
    [InlineData("MLFLOW_TRACKING_AWS_SIGV4", "true")]
    [InlineData("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/c.pem")]
    [InlineData("MLFLOW_TRACKING_TOKEN", "two words")]
    public void What_cannot_be_done_is_refused(string name, string value) =>
        Assert.Contains(name, Assert.Throws<InvalidDataException>(() => Read(("MLFLOW_TRACKING_URI", "https://h"), (name, value))).Message);

    [Fact]
    public void Any_certificate_and_certain_ones_together_are_refused() =>
        Assert.Throws<InvalidDataException>(() => Read(
            ("MLFLOW_TRACKING_URI", "https://h"), ("MLFLOW_TRACKING_INSECURE_TLS", "1"), ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/c.pem")));

    [Fact]
    public void No_text_shows_a_secret()
    {
        (string, string?)[][] environments =
        [
            [("MLFLOW_TRACKING_URI", "http://ann:hunter2@h")],
            [("MLFLOW_TRACKING_URI", "http://h"), ("MLFLOW_TRACKING_USERNAME", "ann"), ("MLFLOW_TRACKING_PASSWORD", "hunter2")],
            [("MLFLOW_TRACKING_URI", "http://h"), ("MLFLOW_TRACKING_TOKEN", "hunter2")],
        ];
        string[] wrong = ["ann:hunter2@h", "ftp://ann:hunter2@h", "http://ann:hunter2@", "http://ann:hunter2@h/?q", "http://ann:hunter2%E2%82%AC@h", "hunter2:ann@h"];

        Assert.All(environments, environment => Assert.DoesNotContain("hunter2", Read(environment)!.ToString()));
        Assert.All(wrong, uri => Assert.DoesNotContain("hunter2", Assert.Throws<InvalidDataException>(() => Read(("MLFLOW_TRACKING_URI", uri))).ToString()));
    }
}
