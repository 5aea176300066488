using Test, Dates, FluxGuard, FluxGuard.Errors

@testset "rates" begin
    @test every(Week(1)) === FalseAlarms(1, :week)
    @test every(Day(2)) === FalseAlarms(0.5, :day)
    @test every(Minute(5)) === FalseAlarms(0.2, :minute)
    @test every(Millisecond(1)) === FalseAlarms(1000, :second)
    @test FalseAlarms(2; per = Day(1)) === FalseAlarms(2, :day)
    @test FalseAlarms(3//2; per = Hour(1)) === FalseAlarms(1.5, :hour)
    @test FalseAlarms(0.01; per = :window) === FalseAlarms(0.01, :window)
    @test FalseAlarms(1//1000; per = :observation) === FalseAlarms(0.001, :observation)
    @test FalseAlarms(0.05) === FalseAlarms(0.05, :window)
    @test FalseAlarms(every(Week(1))) === every(Week(1))
end

@testset "refused" begin
    for rate in (0, -1, NaN, Inf)
        @test_throws InvalidArgument FalseAlarms(rate)
        @test_throws InvalidArgument FalseAlarms(rate; per = Week(1))
    end
    for per in (:fortnight, Month(1), Year(1), Day(0), Hour(-1), "week", 7)
        @test_throws InvalidArgument FalseAlarms(1; per = per)
    end
    @test_throws InvalidArgument FalseAlarms("often")
    @test_throws InvalidArgument every(Month(1))
end

@testset "show" begin
    @test sprint(show, every(Week(1))) == "1 false alarm per week"
    @test sprint(show, FalseAlarms(0.01)) == "0.01 false alarms per window"
end

@testset "nothing is added to functions of Dates" begin
    for unit in (week, day, hour, minute, second)
        @test_throws MethodError 1//unit
        @test_throws MethodError 2/unit
    end
    # Who wrote it so is told how it is written now.
    if isdefined(Base.Experimental, :register_error_hint)
        text = try 1//week; "" catch error; sprint(showerror, error) end
        @test occursin("every(Week(1))", text)
    end
end
