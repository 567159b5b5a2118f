Console.Error.WriteLine("usage: bench ID …");
return 2;
