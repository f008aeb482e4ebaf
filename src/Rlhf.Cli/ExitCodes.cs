namespace Rlhf.Cli;

/// <summary>What the program tells the shell.</summary>
static class ExitCodes
{
    /// <summary>Done; a round whose gate stayed closed is done too.</summary>
    public const int Done = 0;

    public const int Failed = 1;

    public const int WrongUsage = 2;

    /// <summary>A promotion that was asked for was refused by its gate.</summary>
    public const int PromotionRefused = 3;

    /// <summary>Waiting for people or for an approval.</summary>
    public const int Waiting = 4;
}
