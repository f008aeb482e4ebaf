using System.Runtime.ExceptionServices;

namespace Rlhf.Runtime.Expressions;

/// <summary>Runs scripts on a thread whose stack chains of proxies and of bound functions cannot exhaust, for a limited time.</summary>
internal static class LargeStack
{
    const int Bytes = 256 << 20;

    /// <summary>Runs on a thread of its own; what it throws is thrown here.</summary>
    /// <exception cref="ScriptStoppedException">It took longer than <paramref name="limit"/>.</exception>
    public static T Run<T>(Func<T> evaluate, TimeSpan limit)
    {
        var (result, failure) = (default(T), default(ExceptionDispatchInfo));
        var thread = new Thread(() =>
        {
            try
            {
                result = evaluate();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }, Bytes)
        { IsBackground = true };
        thread.Start();
        // A thread cannot be ended from outside: one that is inside a single call of the engine is left behind. It has nothing that is shared
        // with anybody, nobody reads what it gives, and it does not keep the process alive.
        if (!thread.Join(limit)) throw new ScriptStoppedException($"the script was given up after {limit.TotalSeconds} s");
        failure?.Throw();
        return result!;
    }
}
