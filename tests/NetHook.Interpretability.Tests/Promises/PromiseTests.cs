using NetHook.Tests;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// A model is as before, whatever threw: its hooks, its flags, its weights, and the number of live tensors, for each public operation and each
/// way in which it can go wrong. A new operation fails <see cref="Every_public_operation_is_in_the_table"/> until it is listed.
/// </summary>
[Collection(LiveTensors.Name)]
public sealed class PromiseTests
{
    public static TheoryData<string, string, Scenario> Cases
    {
        get
        {
            TheoryData<string, string, Scenario> cases = [];
            foreach (string model in Studied.Names)
            {
                foreach (Promised operation in model == "gpt2" ? PromisedOperations.All.Values : PromisedOperations.OnAnyModel)
                {
                    foreach (Scenario scenario in Enum.GetValues<Scenario>().Where(scenario => PromiseTable.Has(operation, scenario)))
                        cases.Add(model, operation.Member, scenario);
                }
            }

            return cases;
        }
    }

    [Fact]
    public void Every_public_operation_is_in_the_table()
    {
        string[] listed = [.. PromisedOperations.All.Keys, .. PromisedOperations.Exempt.Keys];

        Assert.Equal([], PublicOperations.All.Keys.Except(listed));
        Assert.Equal([], listed.Except(PublicOperations.All.Keys));
    }

    [Fact]
    public void Every_operation_that_takes_arguments_is_given_bad_ones() =>
        Assert.Equal([], PromisedOperations.All.Values.Where(operation => operation.Bad.Length == 0 && PublicOperations.TakesArguments(operation.Member)).Select(operation => operation.Member));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Model_is_as_before(string model, string operation, Scenario scenario)
    {
        using var table = new PromiseTable(model, PromisedOperations.All[operation]);
        table.Check(scenario);
    }
}
