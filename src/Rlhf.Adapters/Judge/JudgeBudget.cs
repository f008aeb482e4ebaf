using System.Globalization;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Judge;

/// <summary>The budget does not allow the next question.</summary>
sealed class BudgetExhaustedException(string message) : Exception(message);

/// <summary>
/// What the judgements of one instance have taken and may take. Every answer, a useless one too, is a small object <c>judge/spent/INSTANCE/ID-IN-OUT</c>,
/// so that the account outlives the process. A question is asked only where the most it can take is left, which waits for answers on their way.
/// </summary>
sealed class JudgeBudget
{
    readonly IObjectStore _objects;
    readonly JudgeSettings _settings;
    readonly string _folder;
    readonly Lock _gate = new();
    long _input, _output, _reservedInput, _reservedOutput;
    int _underway;
    TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    JudgeBudget(IObjectStore objects, JudgeSettings settings, string folder) => (_objects, _settings, _folder) = (objects, settings, folder);

    public static async Task<JudgeBudget> OpenAsync(IObjectStore objects, JudgeSettings settings, string account, CancellationToken cancellationToken)
    {
        var budget = new JudgeBudget(objects, settings, $"judge/spent/{account.Replace('/', '-')}/");
        foreach (var name in await objects.ListAsync(budget._folder, cancellationToken))
        {
            var (input, output) = name.Split('-') is [.., var i, var o] && long.TryParse(i, NumberStyles.None, CultureInfo.InvariantCulture, out var read)
                && long.TryParse(o, NumberStyles.None, CultureInfo.InvariantCulture, out var written)
                    ? (read, written)
                    : throw new InvalidDataException($"'{name}' is no account of tokens; expected such as {budget._folder}0a1b-120-40.");
            budget._input += input;
            budget._output += output;
        }
        return budget;
    }

    /// <summary>Sets aside the most that a question can take.</summary>
    /// <exception cref="BudgetExhaustedException">There is not so much left.</exception>
    public async Task ReserveAsync(long input, long output, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (TooMuch(_input + _reservedInput + input, _output + _reservedOutput + output) is not { } limit)
                {
                    _reservedInput += input;
                    _reservedOutput += output;
                    _underway++;
                    return;
                }
                if (_underway == 0) throw new BudgetExhaustedException($"{limit} {Spent()}, and the next question may take up to {input + output} tokens");
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>What a question took in the place of what was set aside for it; null where the endpoint does not say: then what was set aside counts.</summary>
    public async Task SettleAsync(long reservedInput, long reservedOutput, long? input, long? output, CancellationToken cancellationToken)
    {
        var (read, written) = (input ?? reservedInput, output ?? reservedOutput);
        await _objects.TryCreateAsync(string.Create(CultureInfo.InvariantCulture, $"{_folder}{Guid.NewGuid():N}-{read}-{written}"), [(byte)'\n'], cancellationToken);
        Free(reservedInput, reservedOutput, read, written);
    }

    /// <summary>Nothing came of a question.</summary>
    public void Release(long reservedInput, long reservedOutput) => Free(reservedInput, reservedOutput, 0, 0);

    void Free(long reservedInput, long reservedOutput, long input, long output)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _reservedInput -= reservedInput;
            _reservedOutput -= reservedOutput;
            _input += input;
            _output += output;
            _underway--;
            (changed, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        changed.SetResult();
    }

    string? TooMuch(long input, long output)
    {
        if (_settings.BudgetTokens is { } tokens && input + output > tokens)
            return string.Create(CultureInfo.InvariantCulture, $"the judge's budget of {tokens} tokens ({JudgeSettings.TokensVariable}) does not allow the next question:");
        return _settings is { BudgetMoney: { } money, Prices: { } prices } && prices.Of(input, output) > money
            ? string.Create(CultureInfo.InvariantCulture, $"the judge's budget of {money} ({JudgeSettings.MoneyVariable}, prices {prices}) does not allow the next question:")
            : null;
    }

    string Spent() => string.Create(CultureInfo.InvariantCulture,
        $"{_input + _output} tokens{(_settings.Prices is { } prices ? $", which cost {prices.Of(_input, _output):0.####}," : "")} are spent");
}
