using CsCheck;

namespace NetHook.Interpretability.Tests;

public sealed class ShardTests
{
    [Fact]
    public void Divisions_that_fit_into_none_of_a_million_pieces_have_no_common_one()
    {
        Assert.Equal(12, Shard.CommonCount([new(1, 4), new(2, 6)]));
        Assert.Equal(1_000_000, Shard.CommonCount([new(1, 1_000_000), new(1, 500_000)]));
        Assert.Null(Shard.CommonCount([new(1, 999_983), new(1, 999_979)]));
        Assert.Null(Shard.CommonCount([new(1, 2_000_000_000)]));
        Assert.Null(TextPart.Parse("hash 1/2000000000 7"));
    }

    [Fact]
    public void Shards_hold_every_piece_once()
    {
        Shard[] shards = [.. Enumerable.Range(1, 3).Select(number => new Shard(number, 3))];

        Assert.All(Enumerable.Range(0, 20), piece => Assert.Single(shards, shard => shard.Holds(piece)));
    }

    [Fact]
    public void Parts_overlap_where_they_hold_the_same_piece()
    {
        Gen.Select(Parts, Parts).Sample((one, other) =>
            Assert.Equal(Enumerable.Range(0, one.Count * other.Count).Any(piece => one.Holds(piece) && other.Holds(piece)), one.Overlaps(other)));
    }

    [Theory]
    [InlineData("1/1", "")]
    [InlineData("1/4 4/4", "2/4 3/4")]
    [InlineData("1/2 2/2", "")]
    [InlineData("1/2 2/4 4/4", "")]
    [InlineData("1/2 2/4", "4/4")]
    [InlineData("2/4 3/6", "1/12 4/12 5/12 7/12 8/12 11/12 12/12")]
    public void Missing_is_what_no_part_holds(string parts, string missing) =>
        Assert.Equal(missing, string.Join(' ', Shard.Missing([.. parts.Split(' ').Select(part => Shard.TryParse(part)!)])));

    [Fact]
    public void Sets_of_parts_find_what_a_look_at_each_part_finds()
    {
        Gen.Select(Parts.Array[0, 4], Parts).Sample((held, part) =>
        {
            var set = new ShardSet(held);
            Assert.Equal(held.FirstOrDefault(part.Overlaps), set.Overlapping(part));
            Assert.Equal(Enumerable.Range(0, 30).Where(piece => held.Any(one => one.Holds(piece))), Enumerable.Range(0, 30).Where(set.Holds));
        });
        var ofOne = new ShardSet(Enumerable.Range(1, 50).Select(number => new Shard(2 * number, 100)));
        Assert.Equal((null, new Shard(4, 100)), (ofOne.Overlapping(new(3, 100)), ofOne.Overlapping(new(4, 100))));
        Assert.Equal((new Shard(2, 100), false), (ofOne.Overlapping(new(2, 4)), ofOne.Holds(100)));
    }

    private static Gen<Shard> Parts => Gen.Int[1, 12].SelectMany(count => Gen.Int[1, count].Select(number => new Shard(number, count)));
}
