export Progress

using Printf: @sprintf

"""
    progress = Progress(epochs; io = stdout)
    progress(epoch, loss, accuracy)

Shows how far a training is: at a terminal a bar that is drawn over itself, elsewhere (a file, a log of CI) a plain
line for about every tenth of the epochs.
"""
struct Progress
    epochs::Int
    io::IO
    started::Float64
end
function Progress(epochs::Integer; io::IO = stdout)
    isterminal(io) && print(io, bar(0), "  compiling")
    return Progress(epochs, io, time())
end

const BAR = 30
bar(done) = string("\r  ", "█"^round(Int, BAR * done), "░"^(BAR - round(Int, BAR * done)))

function (progress::Progress)(epoch, loss, accuracy)
    numbers = @sprintf("epoch %3d/%d  loss %.4f  accuracy %5.1f %%  %4.1f s",
        epoch, progress.epochs, loss, 100accuracy, time() - progress.started)
    done = epoch >= progress.epochs
    if isterminal(progress.io)
        print(progress.io, bar(epoch / progress.epochs), "  ", numbers, "\e[K", done ? "\n" : "")
    elseif epoch == 1 || done || epoch % cld(progress.epochs, 10) == 0
        println(progress.io, "  ", numbers)
    end
    flush(progress.io)
    return nothing
end

# A `TTY` may be wrapped, by color and size (IOContext).
isterminal(io::IO) = io isa Base.TTY
isterminal(io::IOContext) = isterminal(io.io)
