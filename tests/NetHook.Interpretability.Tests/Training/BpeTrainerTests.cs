using NetHook.TrainFacts;

namespace NetHook.Interpretability.Tests;

public sealed class BpeTrainerTests
{
    [Fact]
    public void Pair_that_occurs_most_often_is_merged_first()
    {
        var trainer = new BpeTrainer();
        trainer.Add("low lower lowest");
        trainer.Add("new", times: 5);

        Assert.Equal([("e", "w"), ("n", "ew"), ("l", "o"), ("lo", "w")], trainer.Learn(4));
    }

    [Theory]
    [InlineData("cd ab")]
    [InlineData("ab cd")]
    public void Ties_do_not_depend_on_the_order_of_the_text(string text)
    {
        var trainer = new BpeTrainer();
        foreach (string word in text.Split(' '))
            trainer.Add(word);

        Assert.Equal([("a", "b"), ("c", "d")], trainer.Learn(2));
    }

    [Fact]
    public void Learning_ends_where_nothing_is_left_to_merge()
    {
        var trainer = new BpeTrainer();
        trainer.Add("aaa b");

        Assert.Equal([("a", "a"), ("aa", "a"), ("Ġ", "b")], trainer.Learn(100));
    }

    [Fact]
    public void Words_that_are_to_stay_apart_get_no_last_merge()
    {
        var trainer = new BpeTrainer(never: " Rome");
        trainer.Add(" Rome", times: 10);
        trainer.Add(" Romero");

        IReadOnlyList<(string Left, string Right)> merges = trainer.Learn(100);

        Assert.DoesNotContain("ĠRome", merges.Select(merge => merge.Left + merge.Right));
    }
}
