using System.CommandLine;
using System.Data.Common;
using Rlhf.Cli;
using Rlhf.Runtime.Driver;
using Rlhf.Steps.Artifacts;

// The one place where failures become sentences and exit codes.
var drain = TimeSpan.FromSeconds(35); // longer than running steps are given to reach a checkpoint
try
{
    var result = Commands.Root().Parse(args);
    if (result.Errors.Count > 0)
    {
        foreach (var error in result.Errors) Console.Error.WriteLine(error.Message);
        Console.Error.WriteLine("rlhf --help lists the commands.");
        return ExitCodes.WrongUsage;
    }
    return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = drain });
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("Stopped; the same command goes on from here.");
    return ExitCodes.Failed;
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    return ExitCodes.WrongUsage;
}
catch (Exception e) when (e is DbException || e.InnerException is DbException)
{
    Console.Error.WriteLine($"The database cannot be used: {(e.InnerException ?? e).Message}");
    return ExitCodes.Failed;
}
catch (Exception e) when (e is InvalidDataException or InvalidOperationException or IOException or ArtifactNotFoundException or UnauthorizedAccessException or DriverBusyException)
{
    Console.Error.WriteLine(e.Message);
    return ExitCodes.Failed;
}
