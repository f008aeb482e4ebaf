namespace Rlhf.Server.OpenIdConnect;

/// <summary>Why somebody does not come in by the issuer, in one sentence that they may read.</summary>
/// <param name="status">The status of the answer.</param>
sealed class OidcException(int status, string sentence, Exception? cause = null) : Exception(sentence, cause)
{
    public int Status => status;
}
