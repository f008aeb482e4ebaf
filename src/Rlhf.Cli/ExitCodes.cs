namespace Rlhf.Cli;

/// <summary>What the program tells the shell.</summary>
static class ExitCodes
{
    /// <summary>Done; a round whose gate stayed closed is done too.</summary>
    public const int Done = 0;

    public const int Failed = 1;

    public const int WrongUsage = 2;

    /// <summary>The gate says no, to a promotion that was asked for.</summary>
    public const int RefusedByGate = 3;

    /// <summary>Not done yet: nothing but people's answers or approval can move it on.</summary>
    public const int WaitingForPeople = 4;
}
