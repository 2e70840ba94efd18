using static TorchSharp.torch;

namespace NetHook.Tests;

public class TypeNamesTests
{
    [Theory]
    [InlineData(typeof(Tensor), "Tensor")]
    [InlineData(typeof(int), "int")]
    [InlineData(typeof(object[,]), "object[,]")]
    [InlineData(typeof(int[][]), "int[][]")]
    [InlineData(typeof(List<Tensor>), "List<Tensor>")]
    [InlineData(typeof((Tensor, int)), "(Tensor, int)")]
    [InlineData(typeof((Tensor, (Tensor, Tensor)?)), "(Tensor, (Tensor, Tensor)?)")]
    [InlineData(typeof((int, int, int, int, int, int, int, string, bool)), "(int, int, int, int, int, int, int, string, bool)")]
    [InlineData(typeof(Tuple<string, Tensor>), "Tuple<string, Tensor>")]
    [InlineData(typeof(Dictionary<,>), "Dictionary<TKey, TValue>")]
    public void Type_is_written_as_in_a_program(Type type, string written) => Assert.Equal(written, TypeNames.Of(type));

    [Fact]
    public void Anonymous_type_is_called_that() => Assert.Equal("an anonymous type", TypeNames.Of(new { A = 1 }));
}
