namespace NetHook;

/// <summary>Marks what is attached to one model, and is not copied with it.</summary>
internal interface IAttachedToModel;
