using System.Reflection;

if (args is ["version"])
{
    Console.WriteLine($"pelago {Assembly.GetExecutingAssembly().GetName().Version?.ToString(3)}");
    return 0;
}
Console.Error.WriteLine("usage: pelago version");
return 2;
