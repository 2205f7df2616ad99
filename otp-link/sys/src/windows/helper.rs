//! [`Helper`]: a program that this process starts and speaks to over two pipes.

use std::ffi::{OsStr, OsString, c_void};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::mem::{size_of, zeroed};
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::path::{Path, PathBuf};
use std::ptr;

use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, HMODULE, WAIT_OBJECT_0};
use windows_sys::Win32::System::JobObjects::{AssignProcessToJobObject, TerminateJobObject};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleFileNameW,
    GetModuleHandleExW,
};
use windows_sys::Win32::System::Threading::{
    CREATE_DEFAULT_ERROR_MODE, CREATE_NO_WINDOW, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, CreateProcessW,
    DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT, GetCurrentProcess, INFINITE,
    InitializeProcThreadAttributeList, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROCESS_INFORMATION, ResumeThread,
    STARTF_USESTDHANDLES, STARTUPINFOEXW, TerminateProcess, UpdateProcThreadAttribute, WaitForSingleObject,
};

use super::process::new_job;

/// A running program whose standard input and output are pipes to this process.
///
/// It has no other handle of this process, its standard error is `NUL`, it has no console window, and it dies with this process.
/// It ends when this value is dropped; see [`end`](Self::end).
#[derive(Debug)]
pub struct Helper {
    process: OwnedHandle,
    /// `None` where a process can't be put into a job.
    job: Option<OwnedHandle>,
    id: u32,
}

impl Helper {
    /// Starts a program without arguments, and without these variables of the environment.
    ///
    /// # Errors
    ///
    /// The system's: there is no such program, or it can't be executed.
    pub fn start(program: &Path, without: &[&str]) -> io::Result<(Self, HelperInput, HelperOutput)> {
        let (their_input, input) = io::pipe()?;
        let (output, their_output) = io::pipe()?;
        let nothing = File::options().write(true).open("NUL")?;
        let given = [inheritable(&their_input)?, inheritable(&their_output)?, inheritable(&nothing)?];
        let started = spawn(program, &environment(without), &given)?;
        // SAFETY: the call has just made both, for us alone.
        let (process, thread) =
            unsafe { (OwnedHandle::from_raw_handle(started.hProcess), OwnedHandle::from_raw_handle(started.hThread)) };
        let in_job = |job: &OwnedHandle| {
            // SAFETY: both handles are open.
            unsafe { AssignProcessToJobObject(job.as_raw_handle(), process.as_raw_handle()) != 0 }
        };
        let job = new_job().filter(in_job);
        let helper = Self { process, job, id: started.dwProcessId };
        // Only now, so that whatever it starts is in the job too.
        // SAFETY: the handle is open.
        if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
            return Err(io::Error::last_os_error());
        }
        Ok((helper, HelperInput(input), HelperOutput(output)))
    }

    /// Ends the program and waits until it has ended: calls that are reading or writing then fail or end.
    pub fn end(&self) {
        // SAFETY: the handles are open. What has ended already is an error that does not matter.
        unsafe {
            if let Some(job) = &self.job {
                TerminateJobObject(job.as_raw_handle(), 1);
            }
            TerminateProcess(self.process.as_raw_handle(), 1);
            WaitForSingleObject(self.process.as_raw_handle(), INFINITE);
        }
    }

    /// The program's process number, until it has ended: for tests.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        // SAFETY: the handle is open.
        let ended = unsafe { WaitForSingleObject(self.process.as_raw_handle(), 0) } == WAIT_OBJECT_0;
        (!ended).then_some(self.id)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.end();
    }
}

/// The program reads what is written here.
#[derive(Debug)]
pub struct HelperInput(PipeWriter);

impl Write for HelperInput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What the program writes is read here.
#[derive(Debug)]
pub struct HelperOutput(PipeReader);

impl Read for HelperOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// An inheritable copy of a handle, as long as the copy exists.
fn inheritable(handle: &impl AsRawHandle) -> io::Result<OwnedHandle> {
    let mut copy: RawHandle = ptr::null_mut();
    // SAFETY: the handle is open, and the place is one for a handle.
    unsafe {
        let here = GetCurrentProcess();
        if DuplicateHandle(here, handle.as_raw_handle(), here, &raw mut copy, 0, 1, DUPLICATE_SAME_ACCESS) == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedHandle::from_raw_handle(copy))
    }
}

/// The environment without some variables, as the system takes it: each pair ends with a NUL, and all of it with one more.
fn environment(without: &[&str]) -> Vec<u16> {
    let mut block = Vec::new();
    for (name, value) in std::env::vars_os() {
        if without.iter().any(|without| name.eq_ignore_ascii_case(without)) {
            continue;
        }
        block.extend(name.encode_wide().chain("=".encode_utf16()).chain(value.encode_wide()).chain([0]));
    }
    block.extend([0, 0]);
    block
}

/// Starts a program in a suspended state. It inherits only these handles: standard input, output and error.
fn spawn(program: &Path, environment: &[u16], given: &[OwnedHandle; 3]) -> io::Result<PROCESS_INFORMATION> {
    let wide = |text: &OsStr| text.encode_wide().chain([0]).collect::<Vec<u16>>();
    let name = wide(program.as_os_str());
    // No path has a quote in it.
    let mut command_line = wide(&[OsStr::new("\""), program.as_os_str(), OsStr::new("\"")].join(OsStr::new("")));
    let raw = given.each_ref().map(AsRawHandle::as_raw_handle);
    let list = HandleList::new(&raw)?;
    // SAFETY: zeros are a value of these structures.
    let (mut info, mut started): (STARTUPINFOEXW, PROCESS_INFORMATION) = unsafe { (zeroed(), zeroed()) };
    info.StartupInfo.cb = u32::try_from(size_of::<STARTUPINFOEXW>()).unwrap_or(0);
    info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    [info.StartupInfo.hStdInput, info.StartupInfo.hStdOutput, info.StartupInfo.hStdError] = raw;
    info.lpAttributeList = list.0.as_ptr().cast_mut().cast();
    let flags = CREATE_NO_WINDOW
        | CREATE_SUSPENDED
        | CREATE_UNICODE_ENVIRONMENT
        | CREATE_DEFAULT_ERROR_MODE
        | EXTENDED_STARTUPINFO_PRESENT;
    // SAFETY: name, command line and environment end with NULs, and everything lives until the call returns.
    let done = unsafe {
        CreateProcessW(
            name.as_ptr(),
            command_line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            1,
            flags,
            environment.as_ptr().cast(),
            ptr::null(),
            (&raw const info).cast(),
            &raw mut started,
        )
    };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(started) }
}

/// The attribute that names the handles which a program inherits. The words keep it aligned.
struct HandleList(Vec<usize>);

impl HandleList {
    /// `handles` must live as long as the list.
    fn new(handles: &[RawHandle; 3]) -> io::Result<Self> {
        let mut len = 0;
        // SAFETY: without a list, the call only gives the length of one.
        unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), 1, 0, &raw mut len) };
        let mut words = vec![0_usize; len.div_ceil(size_of::<usize>()).max(1)];
        let list = words.as_mut_ptr().cast::<c_void>();
        // SAFETY: the list is as long as the system said, and the handles are as long as is said.
        unsafe {
            if InitializeProcThreadAttributeList(list, 1, 0, &raw mut len) == 0 {
                return Err(io::Error::last_os_error());
            }
            let made = Self(words);
            let attribute = PROC_THREAD_ATTRIBUTE_HANDLE_LIST as usize;
            let value = handles.as_ptr().cast();
            let len = size_of_val(handles);
            if UpdateProcThreadAttribute(list, 0, attribute, value, len, ptr::null_mut(), ptr::null()) == 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(made)
        }
    }
}

impl Drop for HandleList {
    fn drop(&mut self) {
        // SAFETY: it was initialised, and nothing uses it after this.
        unsafe { DeleteProcThreadAttributeList(self.0.as_mut_ptr().cast()) };
    }
}

/// Starts a thread that the host does not know of.
///
/// # Errors
///
/// The system's: there are too many threads.
pub fn quiet_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// The file that this code was loaded from, if it is a library of its own and not part of the program.
#[must_use]
pub fn own_library() -> Option<PathBuf> {
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    let here = own_library as fn() -> Option<PathBuf>;
    let mut module: HMODULE = ptr::null_mut();
    let mut name = [0_u16; 1024];
    // SAFETY: the address is one of this code, and each place is one for what is put there, as long as is said.
    let len = unsafe {
        if GetModuleHandleExW(flags, here as *const u16, &raw mut module) == 0 {
            return None;
        }
        GetModuleFileNameW(module, name.as_mut_ptr(), 1024)
    };
    let name = name.get(..usize::try_from(len).ok()?).filter(|name| !name.is_empty() && name.len() < 1024)?;
    let library = PathBuf::from(OsString::from_wide(name)).canonicalize().ok()?;
    let program = std::env::current_exe().and_then(|program| program.canonicalize()).ok();
    (program.as_ref() != Some(&library)).then_some(library)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> PathBuf {
        PathBuf::from(std::env::var_os("SystemRoot").unwrap()).join("System32").join("cmd.exe")
    }

    #[test]
    fn a_variable_that_is_withheld_is_not_in_the_environment() {
        let pairs = |without: &[&str]| String::from_utf16_lossy(&environment(without)).to_lowercase();
        assert!(pairs(&[]).contains("\0systemroot=") || pairs(&[]).starts_with("systemroot="));
        assert!(!pairs(&["SYSTEMROOT"]).contains("systemroot="));
        assert!(pairs(&[]).ends_with("\0\0"));
    }

    #[test]
    fn a_program_reads_and_writes_and_ends() {
        let (helper, mut input, mut output) = Helper::start(&shell(), &[]).unwrap();
        input.write_all(b"@echo below: %OS%\r\n").unwrap();
        let (mut said, mut chunk) = (Vec::new(), [0; 256]);
        while !String::from_utf8_lossy(&said).contains("below: Windows_NT") {
            let len = output.read(&mut chunk).unwrap();
            assert_ne!(len, 0, "it ended");
            said.extend_from_slice(&chunk[..len]);
        }
        helper.end();
        assert_eq!(helper.id(), None);
        assert!(Helper::start(Path::new("C:\\no such program.exe"), &[]).is_err());
    }

    #[test]
    fn ending_a_program_ends_what_waits_for_it() {
        let (helper, _input, mut output) = Helper::start(&shell(), &[]).unwrap();
        let reader = std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
        assert!(helper.id().is_some());
        helper.end();
        assert!(reader.join().is_ok());
    }
}
