namespace Rlhf.Runtime.Driver;

internal static class InstanceIds
{
    /// <summary>32 hexadecimal digits that sort by time.</summary>
    public static string New(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
}
