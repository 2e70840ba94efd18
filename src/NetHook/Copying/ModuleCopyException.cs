
namespace NetHook;

/// <summary>Something in a model cannot be copied exactly.</summary>
public sealed class ModuleCopyException : NotSupportedException
{
    internal ModuleCopyException(Type modelType, string place, Type type, string reason, Type registrable)
        : base($"{TypeNames.Of(modelType)} cannot be copied exactly: "
            + (place.Length == 0 ? "" : $"{TypeNames.Of(modelType)}{place} is a {TypeNames.Of(type)}, and ")
            + $"{reason}. To have it copied your way, or shared, register a copier: "
            + $"ModuleCopiers.Register<{NetHook.RegistrableType.Name(registrable)}>((original, context) => ...).")
    {
        ModelType = modelType;
        Place = place;
        ObstacleType = type;
        Reason = reason;
        RegistrableType = registrable;
    }

    /// <summary>The type of the model that was to be copied.</summary>
    public Type ModelType { get; }

    /// <summary>Where in the model the obstacle is, by fields: <c>.blocks[3].log</c>. Empty if it is the model itself.</summary>
    public string Place { get; }

    /// <summary>The type of the obstacle.</summary>
    public Type ObstacleType { get; }

    /// <summary>Why it cannot be copied exactly.</summary>
    public string Reason { get; }

    /// <summary>
    /// The type to register a copier for (<see cref="ModuleCopiers.Register{T}"/>): <see cref="ObstacleType"/>, or, if a program
    /// cannot name that, the nearest base class, interface or holder that it can name.
    /// </summary>
    public Type RegistrableType { get; }
}
