using System.Reflection;
using System.Reflection.Emit;

namespace NetHook;

/// <summary>One instruction of a method's compiled code.</summary>
/// <param name="Offset">Where it is.</param>
/// <param name="Code">What it does.</param>
/// <param name="Operand">A metadata token, the number of a local or argument, or where a branch leads; 0 for what is none of these.</param>
/// <param name="Targets">Where a switch leads, besides to the next instruction.</param>
internal readonly record struct CodeInstruction(int Offset, OpCode Code, int Operand, int[]? Targets)
{
    private const int TwoBytes = 0xFE;

    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => field.GetValue(null)).OfType<OpCode>().ToDictionary(code => code.Value);

    /// <summary>Reads a method's code; nothing if it has none.</summary>
    public static List<CodeInstruction> Read(MethodBody body)
    {
        byte[] code = body.GetILAsByteArray() ?? [];
        var instructions = new List<CodeInstruction>();
        for (int at = 0; at < code.Length;)
        {
            int offset = at;
            short value = code[at] == TwoBytes ? unchecked((short)((TwoBytes << 8) | code[++at])) : code[at];
            at++;
            OpCode opCode = Codes[value];
            int size = SizeOf(opCode, code, at);
            int end = at + size;
            (int operand, int[]? targets) = ReadOperand(opCode, code, at, end);
            instructions.Add(new(offset, opCode, operand, targets));
            at = end;
        }

        return instructions;
    }

    private static int SizeOf(OpCode code, byte[] bytes, int at) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(bytes, at)),
        _ => 4,
    };

    private static (int Operand, int[]? Targets) ReadOperand(OpCode code, byte[] bytes, int at, int end)
    {
        switch (code.OperandType)
        {
            case OperandType.ShortInlineBrTarget:
                return (end + (sbyte)bytes[at], null);
            case OperandType.InlineBrTarget:
                return (end + BitConverter.ToInt32(bytes, at), null);
            case OperandType.ShortInlineVar:
                return (bytes[at], null);
            case OperandType.InlineVar:
                return (BitConverter.ToUInt16(bytes, at), null);
            case OperandType.InlineSwitch:
                int count = BitConverter.ToInt32(bytes, at);
                return (0, [.. Enumerable.Range(1, count).Select(index => end + BitConverter.ToInt32(bytes, at + (4 * index)))]);
            case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                return (BitConverter.ToInt32(bytes, at), null);
            default:
                return (0, null);
        }
    }
}
