using Rlhf.Runtime.Driver;

namespace Rlhf.Cli.Engine;

/// <summary>Of what an engine does only what is wrong, a line each.</summary>
sealed class Troubles(TextWriter output) : IDriverObserver
{
    public void Trouble(string message) => output.WriteLine(message);
}
