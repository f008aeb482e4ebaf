using Rlhf.Runtime.Access;
using Rlhf.Server.OpenIdConnect;

namespace Rlhf.Server.Tests.Access;

/// <summary>The issuer as the environment names it.</summary>
public sealed class OidcOptionsTests
{
    const string Issuer = OidcOptions.IssuerVariable, Client = OidcOptions.ClientIdVariable, Roles = OidcOptions.RolesVariable;

    static readonly Dictionary<string, string> Least = new() { [Issuer] = "https://login.example/realms/team/", [Client] = "rlhf", [Roles] = "cn=admins=administrator, labelers=Labeler" };

    [Fact]
    public void An_issuer_a_client_and_roles_are_enough()
    {
        var options = OidcOptions.FromEnvironment(Least.GetValueOrDefault)!;

        Assert.Equal(("https://login.example/realms/team", "login.example", "rlhf", "rlhf"), (options.Name, $"{options}", options.ClientId, options.Audience));
        Assert.Equal(("openid profile email", "roles", null, null), (options.Scopes, options.RoleClaim, options.NameClaim, options.ClientSecret));
        Assert.Equal([new("cn=admins", Role.Administrator), new("labelers", Role.Labeler)], options.Roles);
        Assert.Null(OidcOptions.FromEnvironment(_ => ""));
    }

    [Theory]
    [InlineData(Issuer, "", "RLHF_OIDC_CLIENT_ID is set but RLHF_OIDC_ISSUER is not; expected the issuer there.")]
    [InlineData(Issuer, "http://login.example", "RLHF_OIDC_ISSUER is http at 'login.example'; expected https, or an address of this machine.")]
    [InlineData(Issuer, "login.example", "RLHF_OIDC_ISSUER is 'login.example'; expected such as https://login.example/realms/team, without a user, a query or a fragment.")]
    [InlineData(Issuer, "https://login.example?x", "RLHF_OIDC_ISSUER is 'https://login.example?x'; expected such as https://login.example/realms/team, without a user, a query or a fragment.")]
    [InlineData(Client, "", "RLHF_OIDC_ISSUER is set but RLHF_OIDC_CLIENT_ID is not; expected what this server is called at the issuer.")]
    [InlineData(Roles, "", "RLHF_OIDC_ISSUER is set but RLHF_OIDC_ROLES is not, so that nobody could come in; expected such as rlhf-admins=administrator,labelers=labeler.")]
    [InlineData(Roles, ",", "RLHF_OIDC_ROLES is ',' and maps nothing; expected such as rlhf-admins=administrator,labelers=labeler.")]
    [InlineData(Roles, "admins", "RLHF_OIDC_ROLES: 'admins' maps nothing; expected such as rlhf-admins=administrator,labelers=labeler.")]
    [InlineData(Roles, "admins=root", "RLHF_OIDC_ROLES: 'root' is no role; expected viewer, labeler, operator, approver or administrator.")]
    [InlineData(Roles, "admins=4", "RLHF_OIDC_ROLES: '4' is no role; expected viewer, labeler, operator, approver or administrator.")]
    [InlineData(Roles, "a=viewer,a=labeler", "RLHF_OIDC_ROLES: 'a' is there twice; expected every value once.")]
    [InlineData(OidcOptions.ScopesVariable, "profile", "RLHF_OIDC_SCOPES is 'profile'; expected scopes with spaces between them, openid among them.")]
    public void A_setting_that_is_missing_or_wrong_is_refused_in_one_sentence(string variable, string value, string sentence)
    {
        var environment = new Dictionary<string, string>(Least) { [variable] = value };

        Assert.Equal(sentence, Assert.Throws<ArgumentException>(() => OidcOptions.FromEnvironment(environment.GetValueOrDefault)).Message);
    }
}
