using System.Buffers.Text;
using System.Text;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>
/// Elsa's id of one run of an activity, unique in the whole store: <c>instance.execution</c>, the latter as base64 for addresses, since an activity's id may have any
/// characters.
/// </summary>
readonly record struct ExecutionId(string Instance, string Execution)
{
    /// <summary>Null where the text is no such id.</summary>
    public static ExecutionId? TryParse(string text)
    {
        var dot = text.IndexOf('.');
        if (dot <= 0 || dot == text.Length - 1 || !Base64Url.IsValid(text.AsSpan(dot + 1))) return null;
        return new(text[..dot], Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text.AsSpan(dot + 1))));
    }

    public override string ToString() => $"{Instance}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Execution))}";
}
